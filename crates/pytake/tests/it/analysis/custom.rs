//! An analysis of the embedding program's own goes the way of the built-in ones.

use pytake::{
    AIError, AIService, AnalysisEngine, AnalysisType, AnalyzeRequest, AnalyzeResponse, CustomAnalysis,
    ErrorKind, Finding,
};
use pytake_assistant::id::TenantId;
use pytake_assistant::ledger::{Operation, UsageKey, UsageQuery};
use pytake_providers::{OpenAIConfig, OpenAIProvider};
use pytake_testkit::{Act, FakeVendor, Wire};
use serde_json::{Value, json};

/// How likely the customer is to leave.
struct ChurnRisk {
    name: &'static str,
}

impl CustomAnalysis for ChurnRisk {
    fn name(&self) -> &str {
        self.name
    }

    fn instruction(&self) -> String {
        "\"level\": low, medium or high, how likely the customer is to leave. \"reason\": why.".to_owned()
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "level": {"type": "string", "enum": ["low", "medium", "high"]},
                "reason": {"type": "string"},
            },
            "required": ["level", "reason"],
            "additionalProperties": false,
        })
    }

    fn read(&self, said: Finding, _message: &str) -> Result<Finding, String> {
        if said.value["reason"] == "" { Err("Say the reason.".to_owned()) } else { Ok(said) }
    }

    fn on_device(&self, message: &str) -> Option<Finding> {
        let value = json!({"level": "high", "reason": "asks to cancel"});
        message.contains("cancelar").then_some(Finding { value, confidence: None })
    }
}

async fn service(acts: Vec<Act>) -> (AIService, FakeVendor) {
    let vendor = FakeVendor::start(Wire::OpenAI, acts).await;
    let config = OpenAIConfig { base_url: vendor.base_url(), ..OpenAIConfig::new("test-key") };
    let openai = OpenAIProvider::new(config).unwrap();
    let ai_service =
        AIService::builder().provider(openai).analysis(ChurnRisk { name: "churn_risk" }).build().unwrap();
    (ai_service, vendor)
}

async fn analyze(
    ai_service: &AIService,
    message: &str,
    types: &[&str],
    engine: AnalysisEngine,
) -> Result<AnalyzeResponse, AIError> {
    let request = AnalyzeRequest {
        message: message.to_owned(),
        user_id: "ana".to_owned(),
        analysis_type: types.iter().map(|name| AnalysisType::from(*name)).collect(),
        engine,
        ..AnalyzeRequest::default()
    };
    ai_service.analyze(request).await
}

fn say(level: &str, reason: &str) -> Act {
    let priority = json!({"level": "low", "reason": "", "reasons": [], "confidence": 0.9});
    let churn_risk = json!({"level": level, "reason": reason, "confidence": 0.6});
    Act::Say(json!({"priority": priority, "churn_risk": churn_risk}).to_string())
}

#[tokio::test]
async fn a_model_is_asked_once_for_it_and_the_others_and_it_is_booked_like_them() {
    let (ai_service, vendor) = service(vec![say("Medium", "compares prices")]).await;
    let types = ["language", "priority", "churn_risk"];
    let response =
        analyze(&ai_service, "a loja ao lado é mais barata", &types, AnalysisEngine::Auto).await.unwrap();
    let body = serde_json::to_value(&response).unwrap();
    assert_eq!(body["analysis"]["churn_risk"], json!({"level": "medium", "reason": "compares prices"}));
    assert_eq!(response.confidence[&AnalysisType::from("churn_risk")], Some(0.6));
    assert_eq!((response.analysis.len(), vendor.calls()), (3, 1));

    let sent = &vendor.bodies()[0];
    let entry = &sent["response_format"]["json_schema"]["schema"]["properties"]["churn_risk"];
    assert_eq!(entry["required"], json!(["level", "reason", "confidence"]));
    assert!(sent["messages"].to_string().contains("how likely the customer is to leave"), "{sent}");

    let query = UsageQuery { group_by: vec![UsageKey::Operation], ..UsageQuery::default() };
    let rows = ai_service.assistant().unwrap().usage(&TenantId::default_tenant(), query).await.unwrap();
    assert_eq!((rows[0].operation, rows[0].requests), (Some(Operation::Analyze), 1));
    assert_eq!(rows[0].usage.input_tokens, 20);
}

#[tokio::test]
async fn what_breaks_its_schema_or_its_own_rule_is_repaired_once() {
    for (wrong, objection) in [
        (say("extreme", "prices"), "The field \\\"churn_risk.level\\\" must be one of low, medium, high"),
        (say("low", " "), "Say the reason."),
    ] {
        let (ai_service, vendor) = service(vec![wrong, say("low", "thanks")]).await;
        let response = analyze(&ai_service, "obrigada", &["churn_risk"], AnalysisEngine::Auto).await.unwrap();
        assert_eq!(response.analysis[&AnalysisType::from("churn_risk")]["level"], "low");
        assert_eq!(vendor.calls(), 2);
        let repair = vendor.bodies()[1]["messages"].to_string();
        assert!(repair.contains(objection), "{repair}");
    }
}

#[tokio::test]
async fn what_it_finds_alone_needs_no_model_and_what_it_does_not_needs_one() {
    let (ai_service, vendor) = service(vec![Act::Hang]).await;
    for engine in [AnalysisEngine::Auto, AnalysisEngine::Local] {
        let response = analyze(&ai_service, "quero cancelar", &["churn_risk"], engine).await.unwrap();
        assert_eq!((response.provider.as_str(), vendor.calls()), ("local", 0));
        assert_eq!(response.analysis[&AnalysisType::from("churn_risk")]["reason"], "asks to cancel");
    }
    let refused = analyze(&ai_service, "que caro", &["churn_risk"], AnalysisEngine::Local).await.unwrap_err();
    assert!(refused.to_string().contains("engine churn_risk needs engine provider or auto"), "{refused}");

    let alone = AIService::builder().analysis(ChurnRisk { name: "churn_risk" }).build().unwrap();
    let refused = analyze(&alone, "que caro", &["churn_risk"], AnalysisEngine::Auto).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ServiceUnavailable);
}

#[tokio::test]
async fn one_that_nobody_registered_is_refused_with_all_that_are_known() {
    let (ai_service, vendor) = service(vec![Act::Hang]).await;
    let refused = analyze(&ai_service, "Oi", &["spam", "mood"], AnalysisEngine::Auto).await.unwrap_err();
    let AIError::InvalidRequest(problems) = refused else { panic!("{refused:?}") };
    assert_eq!(problems[0].field, "analysis_type[1]");
    let problem = &problems[0].problem;
    assert!(problem.contains("mood") && problem.contains("injection, churn_risk"), "{problem}");
    assert_eq!(vendor.calls(), 0);
}

#[test]
fn one_that_cannot_work_is_refused_before_the_first_message() {
    for (name, why) in [("sentiment", "built-in"), ("Churn Risk", "must be [a-z]")] {
        let refused = AIService::builder().analysis(ChurnRisk { name }).build().unwrap_err();
        assert!(matches!(&refused, AIError::Configuration(said) if said.contains(why)), "{refused}");
    }
    let twice = AIService::builder().analysis(ChurnRisk { name: "a" }).analysis(ChurnRisk { name: "a" });
    assert!(matches!(twice.build(), Err(AIError::Configuration(_))));
}
