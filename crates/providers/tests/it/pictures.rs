//! Pictures: who is shown them, in which form, and what is done where they are not taken.

use std::sync::Arc;

use bytes::Bytes;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::channel::Attachment;
use pytake_assistant::provider::{CompletionRequest, PromptMessage, Role};
use pytake_providers::{CompatibleConfig, CompatibleProvider};
use serde_json::{Value, json};

use crate::bodies::{KEY, anthropic, chat_answer, compatible, messages_answer, openai, request};
use crate::server::{Reply, Server};
use crate::specifications::{assert_valid, document, validator};

const BLIND: &str = "You cannot see pictures.";

fn with_pictures(request: CompletionRequest) -> CompletionRequest {
    let image = |kind: &str, bytes: &'static [u8]| Attachment {
        mime_type: kind.to_owned(),
        bytes: Bytes::from_static(bytes),
    };
    let images = [image("image/jpeg", b"\xff\xd8\xff"), image("image/png", b"\x89PNG")];
    let mut messages = request.messages.to_vec();
    messages.push(PromptMessage {
        role: Role::User,
        content: "Tem desta cor?".into(),
        images: Arc::new(images),
    });
    CompletionRequest { messages: messages.into(), ..request }
}

/// What the last message of the only request held.
fn last_content(server: &Server) -> Value {
    let received = server.received();
    let messages = received.last().unwrap().body["messages"].as_array().unwrap().clone();
    messages.last().unwrap()["content"].clone()
}

#[tokio::test]
async fn openai_is_shown_pictures_as_data_addresses() {
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    openai(&server.url).chat_completion(with_pictures(request("gpt-6-luna"))).await.unwrap();
    let expected = json!([
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {"type": "text", "text": "Tem desta cor?"},
    ]);
    assert_eq!(last_content(&server), expected);
    assert_eq!(server.received()[0].body["messages"][1]["content"], "Oi", "words alone stay a text");
}

#[tokio::test]
async fn claude_is_shown_pictures_as_blocks() {
    let server = Server::start(vec![Reply::json(200, messages_answer())]).await;
    let provider = anthropic(&server.url, "2026-10-21");
    provider.chat_completion(with_pictures(request("claude-haiku-5-5"))).await.unwrap();
    let source = |kind: &str, data: &str| json!({"type": "base64", "media_type": kind, "data": data});
    let expected = json!([
        {"type": "image", "source": source("image/jpeg", "/9j/")},
        {"type": "image", "source": source("image/png", "iVBORw==")},
        {"type": "text", "text": "Tem desta cor?"},
    ]);
    assert_eq!(last_content(&server), expected);
}

#[tokio::test]
async fn a_model_that_reads_none_is_told_so_in_words() {
    for dialect in ["generic", "ollama", "mistral", "deepseek", "groq"] {
        let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
        compatible(&server.url, dialect).chat_completion(with_pictures(request("m"))).await.unwrap();
        let content = last_content(&server);
        let text = content.as_str().unwrap_or_else(|| panic!("{dialect}: {content}"));
        assert!(text.contains(BLIND) && text.ends_with("Tem desta cor?"), "{dialect}: {text}");
    }
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    openai(&server.url).chat_completion(with_pictures(request("gpt-3.5-turbo"))).await.unwrap();
    assert!(last_content(&server).is_string());
}

#[tokio::test]
async fn the_operator_knows_whether_an_own_server_reads_pictures() {
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    for (dialect, reads_images) in [("ollama", true), ("gemini", false)] {
        let provider = CompatibleProvider::new(CompatibleConfig {
            name: "own".into(),
            base_url: server.url.clone(),
            api_key: None,
            model: "m".into(),
            rate_limit: None,
            dialect: Some(dialect.into()),
            reads_images: Some(reads_images),
        })
        .unwrap();
        provider.chat_completion(with_pictures(request("m"))).await.unwrap();
        assert_eq!(last_content(&server).is_array(), reads_images, "{dialect}");
    }
}

#[tokio::test]
async fn what_is_refused_because_of_a_picture_is_asked_again_without_and_not_held_against_the_model() {
    let refusals = [
        r#"{"error":{"message":"Invalid content type. image_url is only supported by certain models.","type":"invalid_request_error","param":"messages.[5].content.[0].type","code":null}}"#,
        r#"{"error":{"message":"You uploaded an unsupported image. Please make sure your image is valid.","type":"invalid_request_error","param":null,"code":"image_parse_error"}}"#,
    ];
    for refusal in refusals {
        let replies = vec![Reply::json(400, refusal), Reply::json(200, chat_answer())];
        let server = Server::start(replies).await;
        let provider = openai(&server.url);
        provider.chat_completion(with_pictures(request("gpt-6-luna"))).await.unwrap();
        let text = last_content(&server);
        assert!(text.as_str().is_some_and(|text| text.contains(BLIND)), "{text}");
        provider.chat_completion(with_pictures(request("gpt-6-luna"))).await.unwrap();
        assert!(last_content(&server).is_array(), "the next picture may be a better one");
    }
    let refusal = r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages.4.content.0.image.source.base64.data: At least one of the image dimensions exceed max allowed size: 8000 pixels"}}"#;
    let server = Server::start(vec![Reply::json(400, refusal), Reply::json(200, messages_answer())]).await;
    let provider = anthropic(&server.url, "2026-10-21");
    provider.chat_completion(with_pictures(request("claude-haiku-5-5"))).await.unwrap();
    assert!(last_content(&server).is_string());
}

#[tokio::test]
async fn a_picture_that_is_too_large_for_claude_is_not_sent() {
    let server = Server::start(vec![Reply::json(200, messages_answer())]).await;
    let image = Attachment { mime_type: "image/jpeg".to_owned(), bytes: vec![7; 4 << 20].into() };
    let message =
        PromptMessage { role: Role::User, content: "Tem desta cor?".into(), images: Arc::new([image]) };
    let request = CompletionRequest { messages: Arc::new([message]), ..request("claude-haiku-5-5") };
    anthropic(&server.url, "2026-10-21").chat_completion(request).await.unwrap();
    let content = last_content(&server);
    assert!(content.as_str().is_some_and(|text| text.contains(BLIND)));
}

#[tokio::test]
async fn messages_of_one_role_are_joined_with_their_pictures() {
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    let provider = CompatibleProvider::new(CompatibleConfig {
        name: "own".into(),
        base_url: server.url.clone(),
        api_key: Some(KEY.into()),
        model: "m".into(),
        rate_limit: None,
        dialect: Some("mistral".into()),
        reads_images: Some(true),
    })
    .unwrap();
    provider.chat_completion(with_pictures(request("m"))).await.unwrap();
    let content = last_content(&server);
    assert_eq!(content.as_array().map(Vec::len), Some(3));
    assert_eq!(content[2]["text"], "A partir de quanto?\n\nTem desta cor?");
}

#[tokio::test]
async fn requests_with_pictures_are_valid_at_both_vendors() {
    let Some(document) = document("openai.openapi.json") else { return };
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    openai(&server.url).chat_completion(with_pictures(request("gpt-6-luna"))).await.unwrap();
    let sent = server.received().remove(0).body;
    assert_valid(&validator(&document, "CreateChatCompletionRequest"), &sent, "OpenAI");
    for (name, version) in [
        ("anthropic-2023-06-01.openapi.json", "2023-06-01"),
        ("anthropic-2026-10-21.mock.openapi.json", "2026-10-21"),
    ] {
        let Some(document) = crate::specifications::document(name) else { return };
        let server = Server::start(vec![Reply::json(200, messages_answer())]).await;
        let provider = anthropic(&server.url, version);
        provider.chat_completion(with_pictures(request("claude-haiku-5-5"))).await.unwrap();
        let sent = server.received().remove(0).body;
        assert_valid(&validator(&document, "CreateMessageParams"), &sent, name);
    }
}
