//! What must never leave: requests to addresses that a caller names, and the operator's secrets. See `SECURITY.md`.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;

use pytake::config::{Config, Source};
use pytake_testkit::{Act, FakeVendor, TestApp, Wire};
use serde_json::json;

use crate::emulator::server::Server;

#[tokio::test]
async fn no_address_in_what_callers_send_is_ever_asked_for() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let address = format!("http://{}/secret?x=1", trap.local_addr().unwrap());
    let translation = json!({"translation": format!("See {address}")}).to_string();
    let vendor =
        FakeVendor::start(Wire::OpenAI, (0..3).map(|_| Act::Say(translation.clone())).collect()).await;
    let app = TestApp::builder().vendor(Wire::OpenAI, &vendor).start();
    let message = format!("Veja {address} e ![imagem]({address}) por favor");
    let context = json!({"picture": address, "callback": address, "system_prompt": format!("Use {address}")});
    let bodies = [
        ("chat", json!({"message": message, "user_id": "u", "context": context})),
        ("analyze", json!({"message": message, "user_id": "u", "analysis_type": ["entity", "spam"]})),
        ("classify", json!({"message": message, "user_id": "u", "engine": "local"})),
        ("moderate", json!({"message": message, "user_id": "u"})),
        ("translate", json!({"message": message, "user_id": "u", "target_language": "en"})),
        ("prompts", json!({"name": "p", "template": format!("Veja {address}")})),
        ("answers", json!({"questions": ["Onde?"], "answers": [{"language": "pt", "text": address}]})),
    ];
    for (path, body) in bodies {
        app.post(&format!("/api/v1/ai/{path}"), body).await;
    }
    assert!(vendor.calls() > 0, "the configured provider was asked");
    let nobody = trap.accept().map(|(_, peer)| peer).map_err(|error| error.kind());
    assert_eq!(nobody, Err(ErrorKind::WouldBlock));
}

/// One of each kind of secret that the environment may hold.
const SECRETS: [(&str, &str); 9] = [
    ("OPENAI_API_KEY", "sk-openai-nobody-may-see"),
    ("ANTHROPIC_API_KEY", "sk-ant-nobody-may-see"),
    ("AI_OLLAMA_API_KEY", "ollama-nobody-may-see"),
    ("WHATSAPP_ACCESS_TOKEN", "EAAG-token-nobody-may-see"),
    ("WHATSAPP_APP_SECRET", "0123456789abcdef0123456789abc0de"),
    ("WHATSAPP_VERIFY_TOKEN", "verify-nobody-may-see"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=collector-nobody-may-see"),
    ("PYTAKE_SECRET_KEY", "c2VhbGluZy1rZXktbm9ib2R5LW1heS1zZWUtYXQtYWw="),
    ("AI_OLLAMA_MODEL", "tiny"),
];

/// Vendors at a port where nobody listens, and everything on that logs.
const AROUND: [(&str, &str); 8] = [
    ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
    ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
    ("AI_COMPATIBLE_PROVIDERS", "ollama=http://127.0.0.1:9/v1"),
    ("WHATSAPP_API_BASE_URL", "http://127.0.0.1:9"),
    ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
    ("AI_LOG_LEVEL", "trace"),
    ("AI_MODERATION_PROVIDER", "openai"),
];

fn environment() -> Vec<(&'static str, &'static str)> {
    SECRETS.into_iter().chain(AROUND).collect()
}

fn secrets() -> impl Iterator<Item = &'static str> {
    // The last entry is what the one before it needs, and no secret.
    let values = SECRETS.iter().filter(|(name, _)| *name != "AI_OLLAMA_MODEL").map(|(_, value)| *value);
    values.map(|value| value.trim_start_matches("authorization="))
}

fn assert_secret_free(said: &str, where_: &str) {
    for secret in secrets() {
        assert!(!said.contains(secret), "{where_} shows {secret}:\n{said}");
    }
}

#[test]
fn no_secret_of_the_environment_is_shown_by_doctor_logs_or_answers() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = Command::new(env!("CARGO_BIN_EXE_pytake"))
        .arg("doctor")
        .current_dir(folder.path())
        .env_clear()
        .envs(environment())
        .output()
        .unwrap();
    let said = [doctor.stdout, doctor.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("openai") && said.contains("FAIL"), "{said}");
    assert_secret_free(&said, "doctor");
    let server = Server::in_folder(folder.path(), &environment());
    let question = json!({"message": "Qual o horário de vocês?", "user_id": "ana", "conversation_id": "c"});
    assert_secret_free(&server.chat(&question).1.to_string(), "an answer");
    for path in ["/api/v1/ai/providers", "/api/v1/processors", "/metrics", "/api/v1/ai/conversations/c"] {
        let (status, said) = server.send("GET", path, "", "");
        assert_eq!(status, 200, "{path}: {said}");
        assert_secret_free(&said, path);
    }
    let log = server.stop();
    assert!(log.contains("request answered"), "{log}");
    assert_secret_free(&log, "the log");
}

#[test]
fn no_secret_of_the_environment_is_in_the_configurations_debug_or_errors() {
    let config = Config::from_source(&Source::of(&environment())).unwrap();
    assert_secret_free(&format!("{config:#?}"), "Debug");
    // Each of them malformed: the error names the variable, not the value.
    for (name, value) in SECRETS {
        let wrong = format!("{value} \u{7f}x");
        let variables: Vec<(&str, &str)> = environment()
            .into_iter()
            .map(|(key, kept)| (key, if key == name { &*wrong } else { kept }))
            .collect();
        if let Err(error) = Config::from_source(&Source::of(&variables)) {
            assert_secret_free(&error.to_string(), name);
        }
    }
}
