//! Which prompt a turn, an analysis and a test use, and what they make of it.

use pytake_assistant::analysis::{AnalysisEngine, AnalyzeRequest};
use pytake_assistant::id::PromptId;
use pytake_assistant::ledger::Operation;
use pytake_assistant::prompts::{CustomPrompt, Publication, PublicationKind};
use pytake_assistant::service::{PromptDraft, PublishRequest, Publishing, RenderRequest};
use pytake_assistant::tenant::PromptPurpose;
use pytake_assistant::trail::Trail;
use pytake_assistant::{AIError, Author, ChatRequest, ChatResponse, ClassifyRequest, Clock, Settings};
use serde_json::{Value, json};

use crate::world::{World, reply};

fn draft(template: &str, variables: &[&str]) -> PromptDraft {
    PromptDraft {
        name: "vendas".to_owned(),
        template: template.to_owned(),
        variables: variables.iter().map(|&name| name.to_owned()).collect(),
        ..PromptDraft::default()
    }
}

impl World {
    async fn with_prompt(texts: &[&str], template: &str, variables: &[&str]) -> (Self, CustomPrompt) {
        // Each chat is to reach the model.
        let world = Self::with(texts, Settings { answer_cache: None, ..Settings::default() });
        let draft = draft(template, variables);
        let made = world.assistant.create_prompt(&world.tenant, draft, &Author::open()).await.unwrap();
        (world, made)
    }

    async fn next(&self, id: &PromptId, template: &str) -> CustomPrompt {
        self.next_with(id, template, &[]).await
    }

    async fn next_with(&self, id: &PromptId, template: &str, variables: &[&str]) -> CustomPrompt {
        let draft = draft(template, variables);
        self.assistant.update_prompt(&self.tenant, id, draft, &Author::open()).await.unwrap()
    }

    async fn chat(&self, prompt: Option<&str>, context: Value) -> Result<ChatResponse, AIError> {
        let Value::Object(context) = context else { panic!("an object") };
        let request = ChatRequest {
            message: "quero comprar três chapéus".to_owned(),
            user_id: "ana".to_owned(),
            prompt: prompt.map(str::to_owned),
            context,
            ..ChatRequest::default()
        };
        self.assistant.chat(&self.tenant, request).await
    }

    async fn publish(&self, id: &PromptId, request: PublishRequest) -> Publishing {
        self.assistant.publish_prompt(&self.tenant, id, request, &Author::open()).await.unwrap()
    }

    fn chooses(&self, purpose: PromptPurpose, id: &PromptId) {
        self.memory.settings.lock().prompts.insert(purpose, id.clone());
    }

    fn last_trail(&self) -> Trail {
        self.last_turn().exchange.unwrap().answer.unwrap().answer.unwrap().trail
    }

    fn last_system(&self) -> String {
        self.speaker.asked.lock().last().unwrap().system.to_string()
    }

    async fn test_cases(&self, id: &PromptId, cases: Value) {
        let cases = serde_json::from_value(cases).unwrap();
        self.assistant.put_prompt_tests(&self.tenant, id, cases).await.unwrap();
    }
}

#[tokio::test]
async fn a_chat_uses_the_version_in_production_and_the_newest_of_what_was_never_published() {
    let yes = reply("Claro!", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&yes], "Um.", &[]).await;
    world.next(&made.id, "Dois.").await;
    world.chat(Some("vendas"), json!({})).await.unwrap();
    assert_eq!(world.last_trail().prompt_version, "vendas@2");
    world.publish(&made.id, PublishRequest { version: Some(1), ..PublishRequest::default() }).await;
    world.next(&made.id, "Três.").await;
    for (wanted, version, text) in [
        ("vendas", "vendas@1", "Um."),
        (made.id.as_str(), "vendas@1", "Um."),
        ("vendas@2", "vendas@2", "Dois."),
        ("vendas@draft", "vendas@3", "Três."),
        ("vendas@production", "vendas@1", "Um."),
    ] {
        world.chat(Some(wanted), json!({})).await.unwrap();
        assert_eq!(world.last_trail().prompt_version, version, "{wanted}");
        assert!(world.last_system().starts_with(text), "{wanted}");
    }
    for unknown in ["vendas@9", "vendas@x", "vendas@", "outro"] {
        let refused = world.chat(Some(unknown), json!({})).await;
        assert!(matches!(refused, Err(AIError::InvalidRequest(_))), "{unknown}");
    }
}

#[tokio::test]
async fn what_the_server_knows_is_filled_and_what_the_caller_sends_goes_first() {
    let yes = reply("Claro!", "continue", &json!({}));
    let template = "{{business_name}}|{{customer_name}}|{{weekday}}|{{order}}";
    let variables = ["business_name", "customer_name", "weekday", "order"];
    let (world, _) = World::with_prompt(&[&yes], template, &variables).await;
    world.chat(Some("vendas"), json!({"order": 7, "name": "Ana"})).await.unwrap();
    assert!(world.last_system().starts_with("Loja Sol|Ana|domingo|7\n"), "{}", world.last_system());
    world.chat(Some("vendas"), json!({"order": "{{weekday}}", "weekday": "hoje"})).await.unwrap();
    assert!(world.last_system().starts_with("Loja Sol||hoje|{{weekday}}\n"), "{}", world.last_system());
    let Err(AIError::InvalidRequest(problems)) = world.chat(Some("vendas"), json!({})).await else {
        panic!("the order is missing")
    };
    assert_eq!(problems[0].field, "context.order");
}

#[tokio::test]
async fn the_tenants_own_prompt_for_replies_is_used_where_none_is_named() {
    let yes = reply("Claro!", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&yes], "Você vende chapéus.", &[]).await;
    world.chooses(PromptPurpose::Reply, &made.id);
    world.answer(&["quero comprar três chapéus"]).await;
    assert_eq!(world.last_trail().prompt_version, "vendas@1");
    assert!(world.last_system().starts_with("Você vende chapéus."));
    world.chat(None, json!({"system_prompt": "Be brief."})).await.unwrap();
    assert_eq!(world.last_trail().prompt_version, "caller");
}

#[tokio::test]
async fn an_own_prompt_that_cannot_be_used_gives_way_and_the_trail_says_so() {
    let yes = reply("Claro!", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&yes], "Pedido {{order}}.", &["order"]).await;
    world.chooses(PromptPurpose::Reply, &made.id);
    world.answer(&["quero comprar três chapéus"]).await;
    let trail = world.last_trail();
    assert_eq!(trail.prompt_version, pytake_assistant::instructions::PROMPT_VERSION);
    assert!(trail.steps.iter().any(|step| step.found.contains("variables.order")), "{trail:?}");
    world.assistant.delete_prompt(&world.tenant, &made.id).await.unwrap();
    world.answer(&["e em azul?"]).await;
    let trail = world.last_trail();
    assert!(trail.steps.iter().any(|step| step.found.contains("is gone")), "{trail:?}");
}

#[tokio::test]
async fn an_own_prompt_that_a_long_context_blows_up_gives_way_instead_of_ending_the_turn() {
    let yes = reply("Claro!", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&yes], &"{{order}} ".repeat(40), &["order"]).await;
    world.chooses(PromptPurpose::Reply, &made.id);
    let long = json!({"order": "pedido número quatro mil, ".repeat(70)});
    world.chat(None, long.clone()).await.unwrap();
    let trail = world.last_trail();
    assert_eq!(trail.prompt_version, pytake_assistant::instructions::PROMPT_VERSION);
    assert!(trail.steps.iter().any(|step| step.found.contains("tokens with its places filled")), "{trail:?}");
    let refused = world.chat(Some("vendas"), long).await;
    assert!(matches!(refused, Err(AIError::TokenLimitExceeded { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_prompt_that_leaves_no_room_or_repeats_without_end_is_refused() {
    let (world, made) = World::with_prompt(&["x"], "{{a}}", &["a"]).await;
    let entries: Vec<String> = (0..50).map(|_| "x".repeat(4_000)).collect();
    let field = |value: Value| {
        let field = json!({"name": "a", "label": "A", "kind": "list", "max_chars": 4_000, "value": value});
        Some(vec![serde_json::from_value(field).unwrap()])
    };
    let long = PromptDraft { fields: field(json!(entries)), ..draft(&"{{a}}".repeat(3_000), &[]) };
    let words: Vec<String> = (0..20).map(|_| "uma regra da casa. ".repeat(200)).collect();
    let full = PromptDraft { fields: field(json!(words)), ..draft("{{a}}", &[]) };
    for (draft, word) in [(long, "bytes"), (full, "leave room")] {
        let refused = world.assistant.update_prompt(&world.tenant, &made.id, draft, &Author::open()).await;
        let Err(AIError::InvalidRequest(problems)) = refused else { panic!("it was taken: {word}") };
        assert_eq!(problems[0].field, "template");
        assert!(problems[0].problem.contains(word), "{problems:?}");
    }
    let Value::Object(context) = json!({"a": "x".repeat(2_000)}) else {
        unreachable!("an object is written here")
    };
    world.next_with(&made.id, &"{{a}}".repeat(3_000), &["a"]).await;
    let asked = ChatRequest {
        message: "oi".to_owned(),
        user_id: "ana".to_owned(),
        prompt: Some("vendas".to_owned()),
        context,
        ..ChatRequest::default()
    };
    let refused = world.assistant.chat(&world.tenant, asked).await;
    let Err(AIError::InvalidRequest(problems)) = refused else { panic!("six megabytes: {refused:?}") };
    assert_eq!(problems[0].field, "prompt");
}

#[tokio::test]
async fn a_prompt_for_analyses_is_added_to_the_instructions() {
    let finding = json!({"spam": {"flagged": false, "score": 0.0, "confidence": 1.0}}).to_string();
    let (world, made) = World::with_prompt(&[&finding], "Ofertas de sócios são spam.", &[]).await;
    world.chooses(PromptPurpose::Analysis, &made.id);
    let request = AnalyzeRequest {
        message: "quero comprar três chapéus".to_owned(),
        user_id: "ana".to_owned(),
        analysis_type: vec!["spam".into()],
        engine: AnalysisEngine::Provider,
        ..AnalyzeRequest::default()
    };
    world.assistant.analyze(&world.tenant, request).await.unwrap();
    let system = world.last_system();
    assert!(system.starts_with("You read one message"), "{system}");
    assert!(system.contains("\n# What the business adds\nOfertas de sócios são spam.\n\n"), "{system}");
}

#[tokio::test]
async fn prompts_for_intents_and_summaries_are_added_too() {
    let yes = reply("Claro!", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&yes], "Bolo é cozinha.", &[]).await;
    world.chooses(PromptPurpose::Classification, &made.id);
    world.chooses(PromptPurpose::Summary, &made.id);
    // 24 messages: more than the ten a turn reads and the twelve that wait for a summary.
    for _ in 0..12 {
        world.answer(&["quero comprar três chapéus"]).await;
    }
    let request = ClassifyRequest {
        message: "quero um bolo".to_owned(),
        user_id: "ana".to_owned(),
        engine: AnalysisEngine::Provider,
        ..ClassifyRequest::default()
    };
    // What the speaker says is no intent; what it was told is what counts here.
    let refused = world.assistant.classify_intent(&world.tenant, request).await;
    assert!(refused.is_err());
    assert!(world.last_system().contains("\n# What the business adds\nBolo é cozinha.\n\n"));
    world.assistant.drain().await;
    let asked = world.speaker.asked.lock();
    let is_summary =
        |system: &str| system.starts_with("You keep the notes") && system.ends_with("Bolo é cozinha.\n");
    assert!(asked.iter().any(|request| is_summary(&request.system)));
}

#[tokio::test]
async fn a_test_run_is_booked_as_such_and_leaves_no_conversation() {
    let answer = reply("O frete custa R$ 12,00.", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&answer], "O frete custa R$ 12,00.", &[]).await;
    world
        .test_cases(
            &made.id,
            json!([
                {"input": "quanto custa o frete?", "must_contain": ["r$ 12"], "language": "pt"},
                {"input": "qual o valor do frete?", "must_not_contain": ["R$"]},
                {"input": "quero falar com um atendente", "hand_over_expected": true},
            ]),
        )
        .await;
    let run = world.assistant.run_prompt_tests(&world.tenant, &made.id, None, &Author::key("k")).await;
    let run = run.unwrap().run;
    let passed: Vec<bool> = run.cases.iter().map(|case| case.passed).collect();
    assert_eq!(passed, [true, false, true], "{run:?}");
    assert_eq!((run.passed, run.failed, run.version, run.tokens_used), (2, 1, 1, 30));
    assert_eq!(run.cost_micro_usd, None, "the speaker's model has no price");
    let turns = world.memory.turns.lock();
    assert!(
        turns.iter().all(|turn| turn.exchange.is_none() && turn.user.as_str().starts_with("prompt_test:"))
    );
    assert!(turns.iter().flat_map(|turn| &turn.ledger).all(|entry| entry.operation == Operation::PromptTest));
    assert_eq!(turns.len(), 3);
}

#[tokio::test]
async fn a_test_asks_the_model_whatever_customers_were_answered() {
    let answer = reply("Entregamos sim, em todo o Brasil.", "continue", &json!({}));
    let world = World::saying(&[&answer]);
    let draft = draft("Entregamos em todo o Brasil.", &[]);
    let made = world.assistant.create_prompt(&world.tenant, draft, &Author::open()).await.unwrap();
    world.test_cases(&made.id, json!([{"input": "vocês entregam em Recife?"}])).await;
    let ask = async || {
        let request = ChatRequest {
            message: "vocês entregam em Recife?".to_owned(),
            user_id: "bia".to_owned(),
            prompt: Some("vendas".to_owned()),
            ..ChatRequest::default()
        };
        let answer = world.assistant.chat(&world.tenant, request).await.unwrap();
        world.memory.next_customer();
        answer.metadata["cached"].clone()
    };
    assert_eq!((ask().await.as_str(), ask().await.as_str()), ("false", "exact"), "customers share it");
    let run = world.assistant.run_prompt_tests(&world.tenant, &made.id, None, &Author::open()).await;
    assert_eq!(run.unwrap().run.tokens_used, 15, "the test is answered by the model");
    assert_eq!(world.speaker.asked.lock().len(), 2);
}

#[tokio::test]
async fn a_version_whose_tests_fail_is_published_only_by_force() {
    let answer = reply("Não sei.", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&answer], "Seja breve.", &[]).await;
    world.test_cases(&made.id, json!([{"input": "quanto custa o frete?", "must_contain": ["R$"]}])).await;
    let Publishing::Failed(report) = world.publish(&made.id, PublishRequest::default()).await else {
        panic!("the test fails")
    };
    assert_eq!((report.run.failed, report.production), (1, None));
    assert!(world.assistant.prompt_publications(&world.tenant, &made.id).await.unwrap().is_empty());
    let forced = PublishRequest { force: true, ..PublishRequest::default() };
    assert!(matches!(world.publish(&made.id, forced).await, Publishing::Published(_)));
    world.next(&made.id, "Diga o preço: R$ 12,00.").await;
    world.speaker.texts.lock().clear();
    world.speaker.texts.lock().push_back(reply("R$ 12,00.", "continue", &json!({})));
    let Publishing::Published(published) = world.publish(&made.id, PublishRequest::default()).await else {
        panic!("the test passes")
    };
    assert_eq!((published.version, published.production_version), (2, Some(2)));
}

#[tokio::test]
async fn what_is_published_while_tests_run_is_not_put_back() {
    let answer = reply("Claro!", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&answer], "Um.", &[]).await;
    world.next(&made.id, "Dois.").await;
    world.test_cases(&made.id, json!([{"input": "quero comprar três chapéus"}])).await;
    world.memory.shelf.lock().overtaking = Some(Publication {
        version: 2,
        author: Author::key("k"),
        note: String::new(),
        kind: PublicationKind::Forced,
        at: world.clock.now(),
    });
    let of_first = PublishRequest { version: Some(1), ..PublishRequest::default() };
    let slow =
        world.assistant.publish_prompt(&world.tenant, &made.id, of_first.clone(), &Author::open()).await;
    assert!(matches!(slow, Err(AIError::Conflict(_))), "{slow:?}");
    assert_eq!(world.assistant.prompt(&world.tenant, &made.id).await.unwrap().production_version, Some(2));
    assert!(matches!(world.publish(&made.id, of_first).await, Publishing::Published(_)), "asked again");
}

#[tokio::test]
async fn a_run_is_compared_with_that_of_the_version_in_production() {
    let answer = reply("Claro!", "continue", &json!({}));
    let (world, made) = World::with_prompt(&[&answer], "Um.", &[]).await;
    world.test_cases(&made.id, json!([{"input": "quero comprar três chapéus"}])).await;
    world.publish(&made.id, PublishRequest::default()).await;
    world.next(&made.id, "Dois.").await;
    let author = Author::open();
    let report = world.assistant.run_prompt_tests(&world.tenant, &made.id, None, &author).await.unwrap();
    let before = report.production.unwrap();
    assert_eq!((before.version, before.passed, before.is_same_cases), (1, 1, true));
    assert_eq!(report.cost_difference_micro_usd, None, "unknown prices have no difference");
    world.clock.advance(std::time::Duration::from_secs(1));
    world.test_cases(&made.id, json!([{"input": "e em azul?"}])).await;
    let report = world.assistant.run_prompt_tests(&world.tenant, &made.id, None, &author).await.unwrap();
    assert!(!report.production.unwrap().is_same_cases);
}

#[tokio::test]
async fn a_case_that_meets_a_limit_is_a_failed_case() {
    let (world, made) = World::with_prompt(&["x"], "Um.", &[]).await;
    world.test_cases(&made.id, json!([{"input": "quero comprar três chapéus"}])).await;
    *world.memory.is_day_used_up.lock() = true;
    let author = Author::open();
    let report = world.assistant.run_prompt_tests(&world.tenant, &made.id, None, &author).await.unwrap();
    assert_eq!((report.run.failed, report.run.cost_micro_usd), (1, Some(0)));
    assert!(report.run.cases[0].reasons[0].contains("daily limit"), "{report:?}");
}

#[tokio::test]
async fn a_preview_names_the_source_of_each_value_and_an_unknown_price() {
    let (world, made) =
        World::with_prompt(&["x"], "{{business_name}} {{order}}", &["business_name", "order"]).await;
    let request = |variables: Value| RenderRequest {
        variables: variables.as_object().unwrap().clone(),
        max_tokens: Some(100),
        ..RenderRequest::default()
    };
    let rendered = world
        .assistant
        .render_prompt(&world.tenant, &made.id, request(json!({"order": 7})), None)
        .await
        .unwrap();
    assert_eq!((rendered.text.as_str(), rendered.version), ("Loja Sol 7", 1));
    let cost = &rendered.costs[0];
    assert_eq!((cost.model.as_str(), cost.output_tokens, cost.cost_micro_usd), ("speaker-1", 100, None));
    let wrong = request(json!({"other": 1}));
    let Err(AIError::InvalidRequest(problems)) =
        world.assistant.render_prompt(&world.tenant, &made.id, wrong, None).await
    else {
        panic!("one is missing, one unknown")
    };
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["variables.order", "variables.other"]);
    let many = Value::Object((0..65).map(|number| (format!("v{number}"), json!(1))).collect());
    let Err(AIError::InvalidRequest(problems)) =
        world.assistant.render_prompt(&world.tenant, &made.id, request(many), None).await
    else {
        panic!("more than a chat may send")
    };
    assert_eq!(problems[0].field, "variables");
}

#[tokio::test]
async fn a_preview_for_a_customer_has_the_name_that_the_channel_knows() {
    let (world, made) = World::with_prompt(&["x"], "Oi {{customer_name}}", &["customer_name"]).await;
    let of = |name| world.assistant.render_prompt(&world.tenant, &made.id, RenderRequest::default(), name);
    assert_eq!(of(Some("Ana")).await.unwrap().text, "Oi Ana");
    assert_eq!(of(None).await.unwrap().text, "Oi ");
}
