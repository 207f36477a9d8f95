//! What is sent: by vendor, dialect, model and after refusals.

use pytake_assistant::AIProviderTrait;
use pytake_assistant::provider::{CompletionRequest, FailureKind};
use pytake_providers::{CompatibleConfig, CompatibleProvider};
use serde_json::{Value, json};

use crate::bodies::{KEY, anthropic, chat_answer, compatible, messages_answer, openai, request, with_schema};
use crate::server::{Received, Reply, Server};

async fn sent_to_chat(dialect: &str, request: CompletionRequest) -> Received {
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    compatible(&server.url, dialect).chat_completion(request).await.unwrap();
    server.received().remove(0)
}

async fn sent_to_claude(version: &str, request: CompletionRequest) -> Received {
    let server = Server::start(vec![Reply::json(200, messages_answer())]).await;
    anthropic(&server.url, version).chat_completion(request).await.unwrap();
    server.received().remove(0)
}

#[tokio::test]
async fn openai_gets_its_own_way() {
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    let provider = openai(&server.url);
    provider.chat_completion(with_schema(request("gpt-6-luna"))).await.unwrap();
    let received = server.received().remove(0);
    assert_eq!(received.line, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(received.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(received.header("content-type"), Some("application/json"));
    insta::assert_json_snapshot!(received.body, @r#"
    {
      "model": "gpt-6-luna",
      "messages": [
        {
          "role": "developer",
          "content": "Be brief."
        },
        {
          "role": "user",
          "content": "Oi"
        },
        {
          "role": "user",
          "content": "Tem frete grátis?"
        },
        {
          "role": "assistant",
          "content": "Sim."
        },
        {
          "role": "user",
          "content": "A partir de quanto?"
        }
      ],
      "max_completion_tokens": 200,
      "reasoning_effort": "none",
      "response_format": {
        "type": "json_schema",
        "json_schema": {
          "name": "reply",
          "schema": {
            "type": "object",
            "properties": {
              "reply": {
                "type": "string"
              },
              "action": {
                "type": [
                  "string",
                  "null"
                ]
              }
            },
            "required": [
              "reply",
              "action"
            ],
            "additionalProperties": false
          },
          "strict": true
        }
      },
      "safety_identifier": "u-7f3a",
      "store": false
    }
    "#);
}

#[tokio::test]
async fn claude_gets_its_own_way() {
    let received = sent_to_claude("2026-10-21", with_schema(request("claude-haiku-5-5"))).await;
    assert_eq!(received.line, "POST /v1/messages HTTP/1.1");
    assert_eq!(received.header("x-api-key"), Some(KEY));
    assert_eq!(received.header("anthropic-version"), Some("2026-10-21"));
    assert_eq!(received.header("authorization"), None);
    insta::assert_json_snapshot!(received.body, @r#"
    {
      "model": "claude-haiku-5-5",
      "max_tokens": 200,
      "system": "Be brief.",
      "messages": [
        {
          "role": "user",
          "content": "Oi"
        },
        {
          "role": "user",
          "content": "Tem frete grátis?"
        },
        {
          "role": "assistant",
          "content": "Sim."
        },
        {
          "role": "user",
          "content": "A partir de quanto?"
        }
      ],
      "thinking": {
        "type": "disabled"
      },
      "output_config": {
        "format": {
          "type": "json_schema",
          "schema": {
            "type": "object",
            "properties": {
              "reply": {
                "type": "string"
              },
              "action": {
                "type": [
                  "string",
                  "null"
                ]
              }
            },
            "required": [
              "reply",
              "action"
            ],
            "additionalProperties": false
          }
        }
      },
      "metadata": {
        "user_id": "u-7f3a"
      }
    }
    "#);
}

#[tokio::test]
async fn deepseek_is_told_the_schema_in_the_prompt() {
    let received = sent_to_chat("deepseek", with_schema(request("deepseek-flash"))).await;
    insta::assert_json_snapshot!(received.body, @r#"
    {
      "model": "deepseek-flash",
      "messages": [
        {
          "role": "system",
          "content": "Be brief.\n\nAnswer with one JSON object and nothing around it. It must be valid against this JSON Schema:\n{\"type\":\"object\",\"properties\":{\"reply\":{\"type\":\"string\"},\"action\":{\"type\":[\"string\",\"null\"]}},\"required\":[\"reply\",\"action\"],\"additionalProperties\":false}"
        },
        {
          "role": "user",
          "content": "Oi"
        },
        {
          "role": "user",
          "content": "Tem frete grátis?"
        },
        {
          "role": "assistant",
          "content": "Sim."
        },
        {
          "role": "user",
          "content": "A partir de quanto?"
        }
      ],
      "max_tokens": 200,
      "temperature": 0.7,
      "response_format": {
        "type": "json_object"
      }
    }
    "#);
}

#[tokio::test]
async fn each_dialect_gets_its_fields() {
    // Token field, form of a JSON answer, temperature, number of messages (system and four, or joined).
    let rows = [
        ("azure", "max_completion_tokens", json!("json_schema"), false, 5),
        ("ollama", "max_tokens", json!("json_schema"), true, 5),
        ("vllm", "max_tokens", json!("json_schema"), true, 5),
        ("llama.cpp", "max_tokens", json!("json_schema"), true, 4),
        ("llama-cpp-python", "max_tokens", json!("json_object"), true, 4),
        ("groq", "max_completion_tokens", json!("json_schema"), true, 5),
        ("mistral", "max_tokens", json!("json_schema"), true, 4),
        ("gemini", "max_completion_tokens", json!("json_schema"), true, 5),
        ("deepseek", "max_tokens", json!("json_object"), true, 5),
        ("openrouter", "max_tokens", json!("json_schema"), true, 5),
        ("generic", "max_tokens", json!("json_schema"), true, 5),
    ];
    for (dialect, token_field, format, has_temperature, messages) in rows {
        let received = sent_to_chat(dialect, with_schema(request("some-model"))).await;
        let body = &received.body;
        assert_eq!(body[token_field], 200, "{dialect}");
        assert_eq!(body["response_format"]["type"], format, "{dialect}");
        assert_eq!(body.get("temperature").is_some(), has_temperature, "{dialect}");
        assert_eq!(body["messages"].as_array().map(Vec::len), Some(messages), "{dialect}");
        let key_header = if dialect == "azure" { "api-key" } else { "authorization" };
        assert!(received.header(key_header).is_some_and(|value| value.ends_with(KEY)), "{dialect}");
    }
}

#[tokio::test]
async fn messages_of_one_role_are_joined_where_roles_must_alternate() {
    let received = sent_to_chat("mistral", request("mistral-small")).await;
    assert_eq!(received.body["messages"][1]["content"], "Oi\n\nTem frete grátis?");
}

#[tokio::test]
async fn a_server_without_a_key_gets_none_and_its_dialect_by_its_port() {
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    let config = CompatibleConfig {
        name: "local-llama".into(),
        base_url: server.url.clone(),
        api_key: None,
        model: "m".into(),
        rate_limit: Some(7),
        dialect: None,
        reads_images: None,
    };
    let provider = CompatibleProvider::new(config).unwrap();
    assert_eq!(
        (provider.name(), provider.default_model(), provider.rate_limit()),
        ("local-llama", "m", Some(7))
    );
    provider.chat_completion(request("m")).await.unwrap();
    let received = server.received().remove(0);
    assert_eq!(received.line, "POST /chat/completions HTTP/1.1");
    assert_eq!(received.header("authorization"), None);
}

#[tokio::test]
async fn sampling_goes_only_to_models_that_take_it() {
    let temperature = |received: Received| received.body.get("temperature").and_then(Value::as_f64);
    assert_eq!(temperature(sent_to_claude("2026-10-21", request("claude-haiku-4-5")).await), None);
    assert_eq!(temperature(sent_to_claude("2023-06-01", request("claude-haiku-4-5")).await), Some(0.7));
    assert_eq!(temperature(sent_to_claude("2023-06-01", request("claude-haiku-5-5")).await), None);
    let hot = CompletionRequest { temperature: Some(1.8), ..request("claude-haiku-4-5") };
    assert_eq!(temperature(sent_to_claude("2023-06-01", hot).await), Some(1.0));
    assert_eq!(temperature(sent_to_chat("openai", request("gpt-4o-mini")).await), Some(0.7));
    assert_eq!(temperature(sent_to_chat("openai", request("gpt-6-luna")).await), None);
    assert_eq!(temperature(sent_to_chat("openai", request("gpt-99")).await), None);
}

const REFUSES_EFFORT: &str = r#"{"error":{"message":"Unsupported value: 'reasoning_effort' does not support 'none' with this model.","type":"invalid_request_error","param":"reasoning_effort","code":"unsupported_value"}}"#;

#[tokio::test]
async fn a_refused_parameter_of_ours_is_dropped_once_and_remembered() {
    let server = Server::start(vec![Reply::json(400, REFUSES_EFFORT), Reply::json(200, chat_answer())]).await;
    let provider = openai(&server.url);
    provider.chat_completion(request("gpt-6-luna")).await.unwrap();
    provider.chat_completion(request("gpt-6-luna")).await.unwrap();
    provider.chat_completion(request("gpt-6.1-sol")).await.unwrap();
    let efforts: Vec<bool> =
        server.received().iter().map(|sent| sent.body.get("reasoning_effort").is_some()).collect();
    assert_eq!(efforts, [true, false, false, true], "per model");
}

#[tokio::test]
async fn a_model_that_wants_the_other_token_field_gets_it() {
    let refusal = r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#;
    let server = Server::start(vec![Reply::json(400, refusal), Reply::json(200, chat_answer())]).await;
    compatible(&server.url, "generic").chat_completion(request("gpt-6")).await.unwrap();
    let received = server.received();
    assert_eq!(received[0].body["max_tokens"], 200);
    assert_eq!(
        (received[1].body.get("max_tokens"), &received[1].body["max_completion_tokens"]),
        (None, &json!(200))
    );
}

#[tokio::test]
async fn a_refused_schema_moves_into_the_prompt() {
    let refusal = r#"{"type":"error","error":{"type":"invalid_request_error","message":"output_config: Extra inputs are not permitted"}}"#;
    let server = Server::start(vec![Reply::json(400, refusal), Reply::json(200, messages_answer())]).await;
    let provider = anthropic(&server.url, "2023-06-01");
    provider.chat_completion(with_schema(request("claude-haiku-4-5"))).await.unwrap();
    let second = &server.received()[1].body;
    assert!(second.get("output_config").is_none());
    assert!(second["system"].as_str().unwrap().contains("JSON Schema"));
}

#[tokio::test]
async fn a_second_refusal_is_final_and_other_mistakes_are_not_repeated() {
    let server = Server::start(vec![Reply::json(400, REFUSES_EFFORT)]).await;
    let failure = openai(&server.url).chat_completion(request("gpt-6-luna")).await.unwrap_err();
    assert_eq!((failure.kind, server.received().len()), (FailureKind::BadRequest, 2));

    let wrong =
        r#"{"error":{"message":"messages must not be empty","param":"messages","code":"invalid_value"}}"#;
    let server = Server::start(vec![Reply::json(400, wrong)]).await;
    let failure = openai(&server.url).chat_completion(request("gpt-6-luna")).await.unwrap_err();
    assert_eq!((failure.kind, server.received().len()), (FailureKind::BadRequest, 1));
}

#[tokio::test]
async fn a_pseudonym_is_cut_to_what_the_vendor_takes() {
    let long = CompletionRequest { user_pseudonym: Some("é".repeat(600).into()), ..request("gpt-6-luna") };
    let sent = sent_to_chat("openai", long.clone()).await;
    assert_eq!(sent.body["safety_identifier"].as_str().map(|text| text.chars().count()), Some(64));
    let sent = sent_to_claude("2026-10-21", long).await;
    assert_eq!(sent.body["metadata"]["user_id"].as_str().map(|text| text.chars().count()), Some(512));
}

#[tokio::test]
async fn streams_are_asked_for_with_their_numbers_where_that_is_understood() {
    for (dialect, asks) in
        [("openai", true), ("ollama", true), ("mistral", false), ("llama-cpp-python", false)]
    {
        let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
        let provider = compatible(&server.url, dialect);
        drop(provider.chat_completion_stream(request("m")).await.unwrap());
        let body = &server.received()[0].body;
        assert_eq!(body["stream"], true, "{dialect}");
        assert_eq!(body.get("stream_options").is_some(), asks, "{dialect}");
    }
}
