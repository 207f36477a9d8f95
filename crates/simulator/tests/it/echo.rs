//! A server that answers every text with the same text, and keeps what it was posted.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use pytake_simulator::{Business, Graph, GraphOptions, RetryPlan, WebhookOptions, Webhooks, signature};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "segredo";

#[derive(Clone)]
pub(crate) struct Echo {
    inner: Arc<Inner>,
}

struct Inner {
    graph_url: String,
    posts: Mutex<Vec<Value>>,
    /// Statuses to answer with before 200.
    answers: Mutex<Vec<u16>>,
    seen: Mutex<HashSet<String>>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Echo {
    /// Bodies that were posted with a right signature.
    pub(crate) fn posts(&self) -> Vec<Value> {
        self.inner.posts.lock().clone()
    }

    pub(crate) fn answer_next_with(&self, statuses: &[u16]) {
        *self.inner.answers.lock() = statuses.to_vec();
    }

    /// The reports on messages, in the order of arrival: state and callback.
    pub(crate) fn reports(&self) -> Vec<(String, String)> {
        let mut reports = Vec::new();
        for post in self.posts() {
            for status in post["entry"][0]["changes"][0]["value"]["statuses"].as_array().into_iter().flatten()
            {
                let text = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
                reports.push((text("status"), text("biz_opaque_callback_data")));
            }
        }
        reports
    }
}

/// Starts a graph and an echo server, and points each at the other.
pub(crate) async fn start(options: GraphOptions) -> (Graph, Webhooks, Echo) {
    start_with(options, |_| {}).await
}

pub(crate) async fn start_with(
    options: GraphOptions,
    change: impl FnOnce(&mut WebhookOptions),
) -> (Graph, Webhooks, Echo) {
    let graph = Graph::start(options).await.unwrap();
    let inner = Inner {
        graph_url: graph.base_url(),
        posts: Mutex::default(),
        answers: Mutex::default(),
        seen: Mutex::default(),
        client: Client::builder(TokioExecutor::new()).build_http(),
    };
    let echo = Echo { inner: Arc::new(inner) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/webhooks/whatsapp", post(take)).with_state(echo.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut webhook_options = WebhookOptions::new(&format!("http://{address}"), SECRET);
    webhook_options.retry.first = std::time::Duration::from_millis(5);
    change(&mut webhook_options);
    let webhooks = Webhooks::new(webhook_options, &graph).unwrap();
    graph.report_to(&webhooks);
    (graph, webhooks, echo)
}

pub(crate) fn only_once() -> RetryPlan {
    RetryPlan::never()
}

async fn take(State(echo): State<Echo>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signed = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    if signed != Some(signature(SECRET, &body).as_str()) {
        return StatusCode::UNAUTHORIZED;
    }
    let next = {
        let mut answers = echo.inner.answers.lock();
        if answers.is_empty() { 200 } else { answers.remove(0) }
    };
    if next != 200 {
        return StatusCode::from_u16(next).unwrap();
    }
    let post: Value = serde_json::from_slice(&body).unwrap();
    echo.inner.posts.lock().push(post.clone());
    for entry in post["entry"].as_array().into_iter().flatten() {
        let value = &entry["changes"][0]["value"];
        for message in value["messages"].as_array().into_iter().flatten() {
            let id = message["id"].as_str().unwrap_or_default().to_owned();
            if echo.inner.seen.lock().insert(id) {
                tokio::spawn(answer(echo.clone(), message.clone()));
            }
        }
    }
    StatusCode::OK
}

async fn answer(echo: Echo, message: Value) {
    let text = message["text"]["body"].as_str();
    let pressed = message["interactive"]["button_reply"]["title"].as_str();
    let Some(text) = text.or(pressed) else { return };
    let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": message["id"],
        "typing_indicator": {"type": "text"}});
    let number = Business::default().number;
    call(&echo.inner.client, &echo.inner.graph_url, &number, &mark).await;
    let reply = reply_to(&message, text);
    call(&echo.inner.client, &echo.inner.graph_url, &number, &reply).await;
}

fn reply_to(message: &Value, text: &str) -> Value {
    let mut reply = json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": message["from"],
        "biz_opaque_callback_data": message["id"]});
    if text == "botões" {
        reply["type"] = json!("interactive");
        let button = json!({"type": "reply", "reply": {"id": "s", "title": "Sim"}});
        reply["interactive"] =
            json!({"type": "button", "body": {"text": "Confirma?"}, "action": {"buttons": [button]}});
    } else {
        reply["type"] = json!("text");
        reply["text"] = json!({"body": format!("eco: {text}"), "preview_url": false});
    }
    reply
}

/// Calls the Graph API: status and body, or that there was no whole answer.
pub(crate) async fn call(
    client: &Client<HttpConnector, Full<Bytes>>,
    base: &str,
    number: &str,
    body: &Value,
) -> Option<(u16, Value)> {
    let (status, bytes) =
        request(client, "POST", &format!("{base}/v26.0/{number}/messages"), Some("t"), body).await?;
    Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
}

pub(crate) async fn request(
    client: &Client<HttpConnector, Full<Bytes>>,
    method: &str,
    url: &str,
    token: Option<&str>,
    body: &Value,
) -> Option<(u16, Bytes)> {
    let mut request = Request::builder().method(method).uri(url).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Full::from(body.to_string())).unwrap();
    let answer = client.request(request).await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.into_body().collect().await.ok()?.to_bytes()))
}

pub(crate) fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}
