//! A tenant that has one of everything.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::id::TenantId;
use pytake_assistant::tenant::{Edit, TenantProfile, Tenants};
use pytake_simulator::{Business, Customer, GraphOptions, Written, post};
use pytake_store::Scope;
use pytake_testkit::{Act, FakeVendor, MetaApp, TestApp, Wire};
use serde_json::{Map, Value, json};

use super::document::{Operation, operations};

/// The second business of a [`MetaApp`].
pub(super) const TENANT: &str = "shop-1";
/// A customer of its own.
pub(super) const USER: &str = "u-victim";
/// In everything that somebody else could read.
pub(super) const MARKER: &str = "Zimbabueiro";

/// Fields that change by being looked at.
const RESTLESS: [&str; 5] = ["last_used_at", "last_seen_at", "request_id", "exported_at", "at"];

/// Operations whose answer says something about now.
const OF_THE_MOMENT: [&str; 4] = ["listProviders", "checkNumber", "listAudit", "listPromptVariables"];

pub(super) struct Victim {
    pub(super) app: TestApp,
    key: String,
    /// What stands in each place of a path, by the path up to it.
    objects: BTreeMap<&'static str, String>,
    running: MetaApp,
    _vendor: FakeVendor,
}

impl Victim {
    pub(super) async fn new() -> Self {
        let business = Business {
            account: "102290129340399".to_owned(),
            number: "106540352242933".to_owned(),
            display_number: "551140028923".to_owned(),
        };
        let vendor = FakeVendor::start(Wire::OpenAI, vec![Act::Say("Claro, posso ajudar.".to_owned())]).await;
        let builder =
            TestApp::builder().vendor(Wire::OpenAI, &vendor).with_keys_required().channel(|channel| {
                channel.quiet = std::time::Duration::ZERO;
                channel.quiet_at_most = std::time::Duration::ZERO;
            });
        let running =
            builder.start_with_meta(GraphOptions::default(), &[Business::default(), business.clone()]).await;
        let app = running.app.clone();
        let all: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin).collect();
        let key = app.key(TENANT, &all).await;
        let mut victim = Self { app, key, objects: BTreeMap::new(), running, _vendor: vendor };
        victim.fill().await;
        victim.receive(&business).await;
        victim
    }

    /// A key of another business.
    pub(super) async fn intruder(&self, place: usize, scopes: &[Scope]) -> String {
        let tenant = TenantId::new(format!("intruder-{place}")).unwrap();
        let profile = TenantProfile {
            business_name: "Intruso".to_owned(),
            description: "Quer o que não é seu.".to_owned(),
            ..TenantProfile::default()
        };
        let edit = Edit::by(Author::open());
        self.app.store.put_profile(&tenant, &profile, &edit, Timestamp::UNIX_EPOCH).await.unwrap();
        self.app.key(tenant.as_str(), scopes).await
    }

    async fn fill(&mut self) {
        let profile = json!({"business_name": "Loja", "description": format!("Loja do {MARKER}.")});
        self.make("PUT", "/api/v1/ai/profile", profile).await;
        let answer = json!({
            "questions": [format!("Quem é o {MARKER}?")], "answers": [{"language": "pt", "text": format!("O {MARKER}.")}],
        });
        let answer = self.make("POST", "/api/v1/ai/answers", answer).await;
        let prompt =
            json!({"name": "p", "template": format!("{MARKER} {{{{name}}}}"), "variables": ["name"]});
        let prompt = self.make("POST", "/api/v1/ai/prompts", prompt).await;
        let intent = json!({"name": "troca", "examples": [format!("quero trocar o {MARKER}")]});
        self.make("POST", "/api/v1/ai/intents", intent).await;
        let chat =
            json!({"message": format!("Oi, sou o {MARKER}"), "user_id": USER, "conversation_id": "c-victim"});
        self.make("POST", "/api/v1/ai/chat", chat).await;
        let tests = json!({"cases": [{"input": format!("Quem é o {MARKER}?")}]});
        self.make("PUT", &format!("/api/v1/ai/prompts/{}/tests", id(&prompt)), tests).await;
        let force = json!({"force": true});
        self.make("POST", &format!("/api/v1/ai/prompts/{}/publish", id(&prompt)), force).await;
        self.manage().await;
        self.objects.extend([
            ("/api/v1/customers/", USER.to_owned()),
            ("/api/v1/tenants/", TENANT.to_owned()),
            ("/api/v1/ai/profile/versions/", "1".to_owned()),
            ("/api/v1/ai/prompts/{id}/versions/", "1".to_owned()),
            ("/api/v1/ai/answers/", id(&answer)),
            ("/api/v1/ai/prompts/", id(&prompt)),
            ("/api/v1/ai/intents/", "troca".to_owned()),
            ("/api/v1/ai/intent-versions/", "1".to_owned()),
            ("/api/v1/ai/conversations/", "c-victim".to_owned()),
            ("/api/v1/ai/usage/", USER.to_owned()),
        ]);
    }

    /// What the tenant is managed by: settings, keys, operators with a session, a batch.
    async fn manage(&mut self) {
        let settings = json!({"settings": {"limits": {"requests_per_minute": 600}}, "note": MARKER});
        self.make("PUT", "/api/v1/settings", settings).await;
        let own = json!({"key": format!("sk-{MARKER}-0123456789")});
        self.make("PUT", "/api/v1/provider-keys/openai", own).await;
        let key = json!({"scopes": ["chat"], "name": MARKER});
        let key = self.make("POST", "/api/v1/keys", key).await;
        let password = "uma senha bem longa";
        let operator =
            json!({"email": "dona@loja.example", "name": MARKER, "role": "owner", "password": password});
        let operator = self.make("POST", "/api/v1/operators", operator).await;
        let sign_in = json!({"email": "dona@loja.example", "password": password});
        self.make("POST", "/api/v1/session", sign_in).await;
        let sessions = self.read("/api/v1/sessions").await;
        let item = json!({"operation": "chat", "request": {"message": MARKER, "user_id": USER}});
        let batch = self.make("POST", "/api/v1/ai/batch", json!({"items": [item], "background": true})).await;
        self.objects.extend([
            ("/api/v1/settings/versions/", "1".to_owned()),
            ("/api/v1/provider-keys/", "openai".to_owned()),
            ("/api/v1/keys/", id(&key["key"])),
            ("/api/v1/operators/", id(&operator)),
            ("/api/v1/sessions/", id(&sessions["items"][0])),
            ("/api/v1/ai/batch/", id(&batch)),
        ]);
    }

    /// A customer on WhatsApp, and the reply to him.
    async fn receive(&mut self, business: &Business) {
        let text = format!("Quem é o {MARKER}?");
        let message = post(business, &Customer::default(), &[Written::text("wamid.V", 1_795_348_800, &text)]);
        self.running.webhooks.deliver(&message).await;
        self.running.wait_for_quiet().await;
        let sent = self.read("/api/v1/whatsapp/outbox").await;
        let row = &sent["items"][0];
        let text_of =
            |field: &str| row[field].as_str().unwrap_or_else(|| panic!("no {field}: {sent}")).to_owned();
        self.objects.extend([
            ("/api/v1/whatsapp/outbox/", text_of("id")),
            ("/api/v1/whatsapp/conversations/", text_of("conversation_id")),
            ("/api/v1/whatsapp/numbers/", business.number.clone()),
            ("/api/v1/whatsapp/numbers/{id}/messages/", text_of("message_id")),
        ]);
    }

    async fn make(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.app.send(method, path, Some(&self.key), Some(body)).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        answer.json()
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.app.send("GET", path, Some(&self.key), None).await;
        let whole = serde_json::from_str(&answer.text);
        // An export is a line for each thing.
        let lines =
            || answer.text.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect();
        whole.unwrap_or_else(|_| Value::Array(lines()))
    }

    /// The path of an operation with the victim's objects in its places.
    pub(super) fn path(&self, operation: &Operation) -> String {
        let mut path = String::new();
        let mut rest = operation.path.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let template_so_far = &operation.path[..operation.path.len() - rest.len() + before.len()];
            let (_, behind) = after.split_once('}').unwrap();
            let object = self.objects.get(template_so_far);
            let object = object.unwrap_or_else(|| {
                panic!("the isolation test knows no object for {}; give the victim one", operation.path)
            });
            path.push_str(before);
            // Meta's ids of messages are base64, and may have one.
            path.push_str(&object.replace('/', "%2F"));
            rest = behind;
        }
        path.push_str(rest);
        path
    }

    /// What the victim reads with its own key, all of it.
    pub(super) async fn everything(&self) -> Map<String, Value> {
        let mut all = Map::new();
        for operation in operations() {
            let id = operation.id.as_str();
            if operation.method != "GET" || super::ENDLESS.contains(&id) || OF_THE_MOMENT.contains(&id) {
                continue;
            }
            let path = self.path(&operation);
            let mut seen = self.read(&path).await;
            forget_restless(&mut seen);
            all.insert(path, seen);
        }
        all
    }
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap_or_else(|| panic!("no id: {made}")).to_owned()
}

fn forget_restless(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !RESTLESS.contains(&name.as_str()));
            fields.values_mut().for_each(forget_restless);
        }
        Value::Array(parts) => parts.iter_mut().for_each(forget_restless),
        _ => {}
    }
}
