//! The product against an emulator of the vendors that none of us wrote: llmock, see `docs/testing.md`.
//!
//! `./test` installs it and names its program in `PYTAKE_LLMOCK`; without that these tests are skipped.

mod llmock;
pub(crate) mod server;
mod vendors;

use llmock::Llmock;
use serde_json::{Value, json};
use server::Server;

/// What OpenAI's and Anthropic's model say here; without a price, link or date that would be checked.
const FROM_OPENAI: &str =
    "Sim, entregamos em Campinas. O frete aparece no carrinho quando você informa o CEP.";
const FROM_ANTHROPIC: &str = "Entregamos em Campinas, sim. Para saber o frete, informe o CEP no carrinho.";

/// The mistakes that are mistakes for every client, see `docs/testing.md`.
const ALWAYS_WRONG: [&str; 4] =
    ["retry_after_ignored", "retried_non_retryable", "retry_storm", "no_read_timeout"];

#[test]
fn a_scripted_fault_is_served_once_and_judged() {
    let Some(emulator) = Llmock::start() else { return };
    let ask = r#"{"model":"gpt-6-luna","messages":[{"role":"user","content":"Oi"}]}"#;
    emulator.script(&json!([{ "type": "fail", "status": 400 }]));

    let statuses = [(); 3].map(|()| emulator.post("/v1/chat/completions", ask).0);

    assert_eq!(statuses, [400, 200, 200]);
    assert_eq!(emulator.requests().len(), 3);
    // Asking again after a 400 is the mistake the emulator looks for; the third call is a new one.
    assert_eq!(emulator.findings(), ["retried_non_retryable"]);
    emulator.reset();
    assert!(emulator.requests().is_empty() && emulator.findings().is_empty());
}

#[test]
fn a_healthy_vendor_answers_with_one_call() {
    let Some(emulator) = Llmock::start() else { return };
    for vendor in ["openai", "anthropic"] {
        for is_streamed in [false, true] {
            let server = cold_start(&emulator, &json!([]));
            let answer = ask(&server, vendor, is_streamed);
            assert_eq!((answer.provider.as_str(), calls(&emulator)), (vendor, vec![vendor.to_owned()]));
            assert_eq!(emulator.findings(), [""; 0], "{vendor}");
        }
    }
}

#[test]
fn a_failing_vendor_costs_the_customer_nothing() {
    let Some(emulator) = Llmock::start() else { return };
    let cases = [
        // The fault, and how often the vendor may be asked.
        (json!({ "type": "fail", "status": 401, "times": null }), 1),
        (json!({ "type": "fail", "status": 429, "retry_after": 30, "times": null }), 1),
        (json!({ "type": "fail", "status": 500, "times": null }), 2),
        (json!({ "type": "fail", "status": 503, "retry_after": 0.2, "times": null }), 2),
        (json!({ "type": "fail", "status": 529, "retry_after": 0.2, "times": null }), 2),
    ];
    for (failing, healthy) in [("openai", "anthropic"), ("anthropic", "openai")] {
        for (fault, most_calls) in &cases {
            for is_streamed in [false, true] {
                let mut fault = fault.clone();
                fault["match"] = json!({ "provider": failing });
                let server = cold_start(&emulator, &json!([fault]));

                let answer = ask(&server, failing, is_streamed);

                assert_eq!(answer.provider, healthy, "{fault}");
                let asked = calls(&emulator).into_iter().filter(|provider| provider == failing).count();
                assert!((1..=*most_calls).contains(&asked), "{asked} calls to {failing} after {fault}");
                assert_no_mistake(&emulator);
            }
        }
    }
}

#[test]
fn a_vendor_that_is_benched_is_left_alone() {
    let Some(emulator) = Llmock::start() else { return };
    let fault =
        json!({ "type": "fail", "status": 429, "retry_after": 60, "match": { "provider": "openai" } });
    let server = cold_start(&emulator, &json!([fault]));

    for _ in 0..3 {
        assert_eq!(ask(&server, "openai", false).provider, "anthropic");
    }

    assert_eq!(calls(&emulator), ["openai", "anthropic", "anthropic", "anthropic"]);
    assert_no_mistake(&emulator);
}

#[test]
fn a_broken_stream_is_never_an_answer() {
    let Some(emulator) = Llmock::start() else { return };
    for (failing, healthy) in [("openai", "anthropic"), ("anthropic", "openai")] {
        for kind in ["disconnect", "truncate", "malformed"] {
            // Before any text, in the middle of it, and shortly before the end.
            for after_chunks in [0, 1, 6, 12] {
                let fault = json!({
                    "type": "stream_fault", "kind": kind, "after_chunks": after_chunks,
                    "match": { "provider": failing, "stream": true }
                });
                let server = cold_start(&emulator, &json!([fault]));

                let (event, data, deltas) = server.chat_streamed(&question(failing));

                let was_faulty = emulator.requests()[0]["fault"].is_string();
                let case = format!("{failing} {kind} after {after_chunks}: {event} {data}");
                match event.as_str() {
                    // Nothing had come from the first vendor, so the second was asked.
                    "done" if after_chunks <= 1 => assert_eq!(data["provider"], healthy, "{case}"),
                    "done" => {}
                    // Allowed only where text was already out.
                    "error" => assert!(was_faulty && !deltas.is_empty(), "{case}"),
                    _ => panic!("{case}"),
                }
                let asked = calls(&emulator).iter().filter(|provider| *provider == failing).count();
                assert_eq!(asked, 1, "who failed is not asked again: {case}");
                if event == "done" {
                    assert_eq!(data["response"], text_of(data["provider"].as_str().unwrap()), "{case}");
                    assert_eq!(deltas, data["response"].as_str().unwrap(), "{case}");
                }
                assert_no_mistake(&emulator);
            }
        }
    }
}

#[derive(Debug)]
struct Answered {
    provider: String,
}

/// Asks, checks that the whole sentence of whoever answered has arrived, and says who that was.
fn ask(server: &Server, preferred: &str, is_streamed: bool) -> Answered {
    let question = question(preferred);
    let answer = if is_streamed {
        let (event, data, deltas) = server.chat_streamed(&question);
        assert_eq!((event.as_str(), Some(deltas.as_str())), ("done", data["response"].as_str()), "{data}");
        data
    } else {
        let (status, answer) = server.chat(&question);
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let provider = answer["provider"].as_str().unwrap().to_owned();
    assert_eq!(answer["response"], text_of(&provider), "{answer}");
    assert!(answer["usage"]["output_tokens"].as_u64().unwrap() > 0, "{answer}");
    Answered { provider }
}

/// A new server, and an emulator that has forgotten all but these faults and what each vendor says.
fn cold_start(emulator: &Llmock, faults: &Value) -> Server {
    emulator.reset();
    let mut behaviors = vec![says("openai", FROM_OPENAI), says("anthropic", FROM_ANTHROPIC)];
    behaviors.extend(faults.as_array().unwrap().iter().cloned());
    emulator.script(&behaviors.into());
    Server::start(emulator)
}

fn says(provider: &str, text: &str) -> Value {
    let contract = json!({
        "reply": text, "action": "continue", "reason": "delivery", "language": "pt",
        "used_facts": [], "confidence": 0.9
    });
    json!({ "type": "reply", "text": contract.to_string(), "times": null, "match": { "provider": provider } })
}

fn text_of(provider: &str) -> &'static str {
    match provider {
        "openai" => FROM_OPENAI,
        "anthropic" => FROM_ANTHROPIC,
        other => panic!("{other} should not have been asked"),
    }
}

fn question(preferred: &str) -> Value {
    json!({
        "message": "Oi, vocês entregam em Campinas? Quanto custa o frete?", "user_id": "u-1",
        "preferred_provider": preferred
    })
}

fn calls(emulator: &Llmock) -> Vec<String> {
    emulator.requests().iter().map(|request| request["provider"].as_str().unwrap().to_owned()).collect()
}

fn assert_no_mistake(emulator: &Llmock) {
    let findings = emulator.findings();
    assert!(!findings.iter().any(|code| ALWAYS_WRONG.contains(&code.as_str())), "{findings:?}");
}
