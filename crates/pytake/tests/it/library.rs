//! The engine as a library, without the server.

use futures::StreamExt;
use pytake::{AIProvider, AIService, ChatEvent, ChatRequest, ErrorKind};

fn question(message: &str) -> ChatRequest {
    ChatRequest { message: message.into(), user_id: "ana".into(), ..Default::default() }
}

#[tokio::test]
async fn the_demo_shop_answers_without_any_provider() {
    let ai_service = AIService::builder().demo_shop().build().unwrap();
    for (message, answer) in [
        ("Qual o horário de vocês?", "Atendemos de segunda a sexta"),
        ("¿Cuánto tarda en llegar?", "Enviamos a todo Brasil"),
        ("Can I pay by card?", "We accept Pix"),
    ] {
        let response = ai_service.chat(question(message)).await.unwrap();
        assert!(response.response.starts_with(answer), "{message}: {}", response.response);
    }
    assert_eq!(ai_service.usage("ana").await.unwrap().total_requests, 3);
}

#[tokio::test]
async fn a_stream_gives_the_same_text_as_its_last_event() {
    let ai_service = AIService::builder().demo_shop().build().unwrap();
    let events: Vec<ChatEvent> =
        ai_service.chat_stream(question("Aceitam pix?")).await.unwrap().collect().await;
    let mut shown = String::new();
    for event in &events {
        match event {
            ChatEvent::Delta(text) => shown.push_str(text),
            ChatEvent::Done(response) => assert_eq!(response.response, shown),
            ChatEvent::Error(error) => panic!("{error}"),
        }
    }
    assert!(shown.contains("Pix"), "{shown}");
}

#[tokio::test]
async fn an_error_says_what_kind_it_is_and_whether_to_try_again() {
    let ai_service = AIService::builder().build().unwrap();
    let error = ai_service.chat(question(" ")).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::InvalidRequest, false));
    let only_openai = ChatRequest {
        preferred_provider: Some(AIProvider::OpenAI),
        fallback: false,
        ..question("Qual o horário?")
    };
    let error = ai_service.chat(only_openai).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::ServiceUnavailable, true));
}

#[test]
fn the_service_can_be_shared_between_threads() {
    fn assert_shared<T: Clone + Send + Sync + 'static>() {}
    assert_shared::<AIService>();
}

/// The seed document's name for it: `cargo test ai_assistant_tests`.
mod ai_assistant_tests {
    use super::*;

    #[tokio::test]
    async fn a_conversation_is_remembered_and_counted() {
        let ai_service = AIService::builder().demo_shop().build().unwrap();
        let first = ai_service.chat(question("Qual o prazo de entrega?")).await.unwrap();
        let second = ChatRequest {
            conversation_id: Some(first.conversation_id.clone()),
            ..question("E quanto custa o frete?")
        };
        let second = ai_service.chat(second).await.unwrap();
        assert_eq!(second.conversation_id, first.conversation_id);
        assert_eq!(ai_service.usage("ana").await.unwrap().requests_today, 2);
    }
}

/// The seed document's name for it: `cargo test integration_tests_with_api_keys`. Spends a fraction of a cent.
mod integration_tests_with_api_keys {
    use super::*;

    async fn answers(variable: &str, provider: AIProvider) {
        if std::env::var_os(variable).is_none_or(|value| value.is_empty()) {
            eprintln!("SKIPPED: {variable} is not set, so {} was not asked", provider.as_str());
            return;
        }
        let request =
            ChatRequest { preferred_provider: Some(provider), fallback: false, ..question("Diga olá.") };
        let response = AIService::from_env().unwrap().chat(request).await.unwrap();
        assert!(!response.response.is_empty() && response.tokens_used > 0);
    }

    #[tokio::test]
    async fn openai_answers() {
        answers("OPENAI_API_KEY", AIProvider::OpenAI).await;
    }

    #[tokio::test]
    async fn anthropic_answers() {
        answers("ANTHROPIC_API_KEY", AIProvider::Anthropic).await;
    }
}
