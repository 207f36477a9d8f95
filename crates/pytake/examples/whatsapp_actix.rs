//! A WhatsApp message handler in another web framework: `AIService` has none in its signature.
//!
//! `cargo run -p pytake --example whatsapp_actix`, then
//! `curl -X POST 127.0.0.1:8090/whatsapp -H 'content-type: application/json' -d '{"from":"5531999990000","text":"Oi, vocês entregam?"}'`

use actix_web::{App, HttpResponse, HttpServer, Responder, post, web};
use pytake::{AIError, AIService, ChatRequest};

#[derive(serde::Deserialize)]
struct IncomingMessage {
    from: String,
    text: String,
}

#[post("/whatsapp")]
async fn handle_message(
    ai_service: web::Data<AIService>,
    message: web::Json<IncomingMessage>,
) -> impl Responder {
    let message = message.into_inner();
    let request = ChatRequest {
        message: message.text,
        conversation_id: Some(message.from.clone()),
        user_id: message.from,
        ..Default::default()
    };
    match ai_service.chat(request).await {
        // An empty response means that a person has the conversation: send nothing.
        Ok(reply) => HttpResponse::Ok().body(reply.response),
        Err(AIError::ContentFilterViolation { fallback_response, .. }) => {
            HttpResponse::Ok().body(fallback_response)
        }
        Err(error) if error.is_retryable() => HttpResponse::ServiceUnavailable().body(error.to_string()),
        Err(error) => HttpResponse::BadRequest().body(error.to_string()),
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let ai_service = web::Data::new(AIService::new());
    HttpServer::new(move || App::new().app_data(ai_service.clone()).service(handle_message))
        .bind(("127.0.0.1", 8090))?
        .run()
        .await
}
