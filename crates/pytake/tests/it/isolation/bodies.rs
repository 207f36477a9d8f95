//! A good body for every operation that takes one.

use serde_json::{Value, json};

use super::document::Operation;
use super::victim;

/// Bodies to try an operation with; those that may name a tenant name the victim, too.
pub(super) fn of(operation: &Operation) -> Vec<Option<Value>> {
    if !operation.has_body {
        return vec![None];
    }
    let body = body(operation.id.as_str());
    let mut bodies = vec![Some(body.clone())];
    if operation.names_a_tenant {
        let mut named = body;
        named["tenant_id"] = json!(victim::TENANT);
        bodies.push(Some(named));
    }
    bodies
}

fn body(operation: &str) -> Value {
    let prompt = json!({"name": "intruso", "template": "Oi {{name}}", "variables": ["name"]});
    let intent = json!({"name": "assalto", "examples": ["me dá tudo"]});
    match operation {
        "chat" | "classify" => json!({"message": "Oi", "user_id": victim::USER}),
        "analyze" => json!({"message": "Oi", "user_id": victim::USER, "analysis_type": ["language"]}),
        // Into its own language: the stand-in for a vendor translates nothing.
        "translate" => {
            json!({"message": "Oi", "user_id": victim::USER, "target_language": "pt", "source_language": "pt"})
        }
        "moderate" | "writeMessage" => json!({"message": "Oi"}),
        // `transcribe` wants a form: who may not come in is told so before the body is looked at.
        "transcribe" | "rollBackPrompt" | "runPromptTests" | "rotateKey" => json!({}),
        "createPrompt" | "updatePrompt" => prompt,
        "renderPrompt" => json!({"variables": {"name": "Ana"}}),
        "createAnswer" | "replaceAnswer" => {
            json!({"questions": ["Vocês abrem?"], "answers": [{"language": "pt", "text": "Não."}]})
        }
        "createIntent" | "replaceIntent" => intent,
        "replaceIntents" => json!({"intents": [intent]}),
        "correctIntent" => json!({"text": "me dá tudo"}),
        "replaceProfile" => json!({"business_name": "Intruso"}),
        "handOverConversation" => json!({"to": "human"}),
        "pauseConversation" => json!({"minutes": 5}),
        "putNumber" => json!({"access_token": "EAAGintruder"}),
        "stopNumber" => json!({"reason": "assalto"}),
        "sendTemplate" => json!({"name": "ola", "language": "pt_BR"}),
        "submitBatch" => {
            let item = json!({"operation": "chat", "request": {"message": "Oi", "user_id": victim::USER}});
            json!({"items": [item]})
        }
        "importPrompts" => json!({"version": 1, "prompts": [{"name": "p", "template": "Oi"}]}),
        "fillInPrompt" => json!({"values": {}}),
        "publishPrompt" => json!({"force": true}),
        "replacePromptTests" => json!({"cases": [{"input": "Oi"}]}),
        "createKey" => json!({"scopes": ["chat"]}),
        "createOperator" => {
            json!({"email": "intruso@loja.example", "role": "owner", "password": "outra senha bem longa"})
        }
        "changeOperator" => json!({"name": "Intruso", "role": "viewer", "disabled": true}),
        "setOperatorPassword" => json!({"password": "outra senha bem longa"}),
        "changeOwnPassword" => {
            json!({"current_password": "uma senha bem longa", "password": "outra senha bem longa"})
        }
        "signIn" => json!({"email": "dona@loja.example", "password": "nenhuma destas"}),
        "putProviderKey" => json!({"key": "sk-intruso-0123456789"}),
        "replaceSettings" => json!({"settings": {"limits": {"requests_per_minute": 1}}}),
        "createTenant" => json!({"id": victim::TENANT}),
        other => panic!("the isolation test has no body for {other}; add one here"),
    }
}
