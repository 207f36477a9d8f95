//! Personal data that is hidden from vendors: what reaches them, and what the customer reads.

use pytake_testkit::{Act, Answer, FakeVendor, TestApp, TestAppBuilder, Wire};
use pytake_understanding::entities::{self, Context, EntityKind};
use serde_json::{Value, json};

const EMAIL: &str = "ana.costa@correio.example";
const CPF: &str = "529.982.247-25";
const PHONE: &str = "(21) 99876-1234";

fn reply(text: &str) -> Act {
    say(
        &json!({"reply": text, "action": "continue", "reason": "", "language": "pt", "used_facts": [], "choices": [],
        "confidence": 0.9}),
    )
}

fn say(answer: &Value) -> Act {
    Act::Say(answer.to_string())
}

async fn shop(acts: Vec<Act>) -> (TestApp, FakeVendor) {
    let vendor = FakeVendor::start(Wire::OpenAI, acts).await;
    let app = masked(TestApp::builder().vendor(Wire::OpenAI, &vendor)).await;
    (app, vendor)
}

/// A shop whose settings hide personal data.
async fn masked(builder: TestAppBuilder) -> TestApp {
    let app = builder.start().with_shop().await;
    let settings = json!({"settings": {"privacy": {"masks_personal_data": true}}});
    let answer = app.send("PUT", "/api/v1/settings", None, Some(settings)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    app
}

/// Everything that a vendor was sent.
fn sent(vendor: &FakeVendor) -> String {
    vendor.bodies().iter().map(|body| unescaped(&body.to_string())).collect()
}

/// JSON inside of JSON reads as it was meant.
fn unescaped(text: &str) -> String {
    text.replace("\\\"", "\"").replace("\\n", "\n")
}

fn said(answer: &Answer) -> String {
    if !answer.text.contains("event:") {
        return answer.json()["response"].as_str().unwrap().to_owned();
    }
    let events = answer.events();
    let (name, done) = events.last().unwrap();
    assert_eq!(name, "done", "{}", answer.text);
    let text: String = events
        .iter()
        .filter(|(name, _)| name == "delta")
        .map(|(_, data)| data["text"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(done["response"].as_str().unwrap_or(&text), text, "what was streamed is the whole");
    text
}

#[tokio::test]
async fn a_vendor_sees_marks_and_the_customer_reads_the_data() {
    let answer = reply("Certo, [NAME_1]! Mando para [EMAIL_1] e confirmo pelo [PHONE_1].");
    for stream in [false, true] {
        let (app, vendor) = shop(vec![answer.clone()]).await;
        let message = format!("Quero uma sandália, meu e-mail é {EMAIL}, CPF {CPF}, fone {PHONE}");
        let more = json!({"stream": stream, "conversation_id": "c", "context": {"name": "Ana Costa", "city": "Recife"}});
        let said = said(&app.chat(&message, "ana", &more).await);
        assert_eq!(said, format!("Certo, Ana! Mando para {EMAIL} e confirmo pelo {PHONE}."));
        let sent = sent(&vendor);
        for hidden in [EMAIL, CPF, PHONE, "Ana", "Costa"] {
            assert!(!sent.contains(hidden), "{hidden} in {sent}");
        }
        for shown in
            ["[EMAIL_1], CPF [CPF_1], fone [PHONE_1]", "name: [NAME_1] [NAME_2]", "city: Recife", "# Marks"]
        {
            assert!(sent.contains(shown), "{shown} in {sent}");
        }
        assert_eq!(vendor.calls(), 1);
        // A hash of the user's name is found by trying: callers name customers by their telephones.
        assert!(vendor.bodies()[0].get("safety_identifier").is_none(), "{sent}");
        let stored = app.get("/api/v1/ai/conversations/c").await.json();
        assert_eq!(
            (&stored["messages"][0]["content"], &stored["messages"][1]["content"]),
            (&json!(message), &json!(said))
        );
        let trail = &stored["messages"][1]["trail"];
        let steps = trail["steps"].to_string();
        assert!(
            steps.contains("hidden: cpf 1, email 1, name 2, phone 1") && !steps.contains(EMAIL),
            "{steps}"
        );
        assert!(trail["prompt_version"].as_str().unwrap().ends_with("+masked"), "{trail}");
    }
}

#[tokio::test]
async fn a_mark_that_was_made_up_is_repaired_and_never_shown() {
    for stream in [false, true] {
        let (app, vendor) = shop(vec![reply("Mando para [EMAIL_7]."), reply("Mando para [EMAIL_1].")]).await;
        let message = format!("Mande para {EMAIL}");
        let answer = app.chat(&message, "ana", &json!({"stream": stream})).await;
        assert_eq!(said(&answer), format!("Mando para {EMAIL}."));
        assert!(!answer.text.contains("EMAIL_7"), "{}", answer.text);
        assert_eq!(vendor.calls(), 2);
        assert!(!sent(&vendor).contains(EMAIL));
    }
}

#[tokio::test]
async fn an_objection_to_an_answer_tells_nothing_either() {
    // It is refused for the link, whatever else it says.
    let refused = reply("[EMAIL_1], veja https://outra.example/[EMAIL_1]");
    let (app, vendor) = shop(vec![refused, reply("Certo, [EMAIL_1].")]).await;
    let answer = app.chat(&format!("Meu e-mail: {EMAIL}"), "ana", &json!({})).await;
    assert_eq!(said(&answer), format!("Certo, {EMAIL}."));
    assert_eq!(vendor.calls(), 2);
    let sent = sent(&vendor);
    assert!(!sent.contains(EMAIL), "{sent}");
}

#[tokio::test]
async fn choices_and_reasons_are_put_back_too() {
    let answer = say(
        &json!({"reply": "Para qual?", "action": "ask", "reason": "asks for [EMAIL_1]", "language": "pt",
        "used_facts": [], "choices": ["[EMAIL_1]", "Outro"], "confidence": 0.9}),
    );
    for stream in [false, true] {
        let (app, _vendor) = shop(vec![answer.clone()]).await;
        let more = json!({"stream": stream, "conversation_id": "c"});
        let answer = app.chat(&format!("Mande o recibo; tenho {EMAIL}"), "ana", &more).await;
        let body = if stream { answer.events().pop().unwrap().1 } else { answer.json() };
        assert!(!answer.text.contains("EMAIL_1"), "{}", answer.text);
        assert!(body.to_string().contains(EMAIL), "{body}");
        let stored = app.get("/api/v1/ai/conversations/c").await.json();
        assert!(
            stored["messages"][1]["trail"].to_string().contains(&format!("asks for {EMAIL}")),
            "{stored}"
        );
    }
}

#[tokio::test]
async fn what_extractors_find_reaches_no_vendor_in_any_form_of_prompt() {
    let texts = [
        "Oi, sou a Mariana Albuquerque, quero trocar meu tênis",
        "meu cpf é 111.444.777-35 e o cnpj 11.222.333/0001-81",
        "Entrega na Rua das Acácias, 123, CEP 50030-230",
        "me liga: +55 81 99876-4321 ou 81 3322-4455",
        "a chave pix é 123e4567-e89b-42d3-a456-426614174000",
        "o rastreio é AA123456785BR e o pedido é o #48213",
        "meu cartão 4111 1111 1111 1111 não passou",
        "Hola, me llamo Lucía Fernández y mi correo es lucia.f@correo.example",
        "My name is Peter Brown, email peter.brown@mail.example, order #AB12345",
    ];
    for stream in [false, true] {
        for more in [json!({}), json!({"context": {"system_prompt": format!("Be brief. {}", texts[1])}})] {
            let is_own = more.get("context").is_some();
            let act = if is_own { Act::Say("Certo!".to_owned()) } else { reply("Certo!") };
            let (app, vendor) = shop(vec![act]).await;
            let mut found = 0;
            for text in texts {
                let mut more = more.clone();
                more["stream"] = json!(stream);
                more["conversation_id"] = json!("c");
                let answer = app.chat(text, "ana", &more).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
            }
            let sent = sent(&vendor);
            for text in texts {
                for entity in entities::find(text, &Context::default()) {
                    let is_personal = matches!(
                        entity.kind,
                        EntityKind::Name
                            | EntityKind::Email
                            | EntityKind::Phone
                            | EntityKind::OrderId
                            | EntityKind::TrackingCode
                            | EntityKind::Cpf
                            | EntityKind::Cnpj
                            | EntityKind::PixKey
                            | EntityKind::Card
                            | EntityKind::PostalCode
                            | EntityKind::Address
                    );
                    if is_personal {
                        found += 1;
                        assert!(!sent.contains(entity.text), "{} in {sent}", entity.text);
                    }
                }
            }
            assert!(found >= 12, "the texts name something: {found}");
        }
    }
}

#[tokio::test]
async fn a_summary_is_made_of_marks_and_kept_as_it_was_meant() {
    // Prose, which is a reply and a summary.
    let (app, vendor) = shop(vec![Act::Say("Certo, anotei [EMAIL_1].".to_owned())]).await;
    let more = json!({"conversation_id": "c"});
    for number in 0..12 {
        let text = format!("Pergunta {number} sobre as velas, {EMAIL}");
        assert_eq!(app.chat(&text, "ana", &more).await.status, 200);
    }
    app.assistant.drain().await;
    let stored = app.get("/api/v1/ai/conversations/c").await.json();
    assert!(stored["summary"].to_string().contains(EMAIL), "{}", stored["summary"]);
    assert_eq!(app.chat("E agora?", "ana", &more).await.status, 200);
    let sent = sent(&vendor);
    assert!(sent.contains("conversation_summary>\nCerto, anotei [EMAIL_1]"), "{sent}");
    assert!(!sent.contains(EMAIL), "{sent}");
}

#[tokio::test]
async fn analyses_and_intents_are_asked_about_marks() {
    let entity = json!({"entities": [{"type": "email", "text": "[EMAIL_1]", "value": "[EMAIL_1]", "confidence": 0.9}],
        "confidence": 0.8});
    let intent = json!({"intent": "order_status", "confidence": 1, "alternatives": []});
    let (app, vendor) = shop(vec![say(&json!({ "entity": entity })), say(&intent)]).await;
    let message = format!("Onde está meu pedido? {EMAIL}");
    let body = json!({"message": message, "user_id": "ana", "analysis_type": ["entity"], "engine": "provider",
        "context": {"name": "Ana Costa"}});
    let found = app.post("/api/v1/ai/analyze", body).await.json();
    let entity = &found["analysis"]["entity"]["entities"][0];
    let start = message.find(EMAIL).unwrap();
    assert_eq!((&entity["text"], &entity["start"]), (&json!(EMAIL), &json!(start)), "{found}");
    let body = json!({"message": message, "user_id": "ana", "engine": "provider"});
    let chosen = app.post("/api/v1/ai/classify", body).await.json();
    assert_eq!(chosen["intent"], "order_status", "{chosen}");
    assert_eq!(vendor.calls(), 2);
    let sent = sent(&vendor);
    assert!(!sent.contains(EMAIL) && !sent.contains("Costa"), "{sent}");
}

#[tokio::test]
async fn a_second_opinion_is_asked_about_marks() {
    let body = json!({"id": "modr-1", "model": "omni-moderation-latest",
        "results": [{"flagged": false, "categories": {}, "category_scores": {}}]});
    let act = Act::Raw { status: 200, headers: vec![], body: body.to_string() };
    let vendor = FakeVendor::start(Wire::OpenAI, vec![act]).await;
    let app = masked(TestApp::builder().moderator(&vendor)).await;
    let body =
        json!({"message": format!("que gente burra, {EMAIL}"), "user_id": "ana", "engine": "provider"});
    let answer = app.post("/api/v1/ai/moderate", body).await;
    assert_eq!((answer.status.as_u16(), vendor.calls()), (200, 1), "{}", answer.text);
    let sent = sent(&vendor);
    assert!(sent.contains("[EMAIL_1]") && !sent.contains(EMAIL), "{sent}");
    let processors = app.get("/api/v1/processors").await.json();
    let moderators = processors["items"].as_array().unwrap().iter();
    let masks: Vec<_> = moderators
        .filter(|processor| processor["processing"] == "moderation")
        .map(|processor| &processor["masks_personal_data"])
        .collect();
    assert_eq!(masks, [&json!(true)], "{processors}");
}

#[tokio::test]
async fn answers_without_personal_data_are_still_given_again() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![reply("O frete custa R$ 12,00.")]).await;
    let app = masked(TestApp::builder().vendor(Wire::OpenAI, &vendor).with_answer_cache()).await;
    for (user, cached) in [("ana", "false"), ("bia", "exact")] {
        let answer = app.chat("Quanto custa o frete?", user, &json!({})).await.json();
        assert_eq!(answer["metadata"]["cached"], cached, "{answer}");
    }
    assert_eq!(vendor.calls(), 1);
}

#[tokio::test]
async fn nothing_is_hidden_where_nobody_asked_for_it() {
    let vendor = FakeVendor::start(Wire::OpenAI, vec![reply("Certo!")]).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start().with_shop().await;
    let message = format!("Meu e-mail é {EMAIL}");
    assert_eq!(app.chat(&message, "ana", &json!({})).await.status, 200);
    let sent = sent(&vendor);
    assert!(sent.contains(EMAIL) && !sent.contains("# Marks"), "{sent}");
    assert!(vendor.bodies()[0].get("safety_identifier").is_some(), "{sent}");
}
