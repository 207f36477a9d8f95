//! One call: read, recorded, and answered as the reaction says.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::failure::Failure;
use super::reports::follow;
use super::{Call, GraphState, MediaFile, On, Reaction, Sent};
use crate::journal::Happening;
use crate::webhook::{Business, Customer, shown_of_outgoing};

use super::validate::{Message, Order, read_order};

/// 1 MiB: far more than any message takes.
const MAX_BODY_BYTES: usize = 1 << 20;

/// How long the first half of a body has for leaving before the connection is closed.
const HALF_BODY_PAUSE: Duration = Duration::from_millis(30);

type Body = BoxBody<Bytes, io::Error>;

/// Tells hyper to close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed as told")]
pub(super) struct Closed;

/// What a path and a method ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Route {
    Messages { number: String },
    Media { id: String },
    File { query: String },
    Number { id: String, fields: Vec<String> },
    Apps { account: String },
    Unknown,
}

/// What is answered when nothing goes wrong.
enum Good {
    Json(Value),
    File(MediaFile),
}

pub(super) async fn respond(
    request: Request<Incoming>,
    state: Arc<GraphState>,
) -> Result<Response<Body>, Closed> {
    let (head, body) = request.into_parts();
    let bytes = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(|_| Closed)?.to_bytes();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let method = head.method.as_str();
    let path = head.uri.path();
    let route = state.route(method, path, head.uri.query().unwrap_or_default());
    let bearer = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let call = Call {
        at: state.options.clock.elapsed(),
        on: kind_of(&route, &body),
        method: method.to_owned(),
        path: path.to_owned(),
        body,
        status: None,
        code: None,
    };
    let place = {
        let mut calls = state.calls.lock();
        calls.push(call.clone());
        calls.len() - 1
    };
    let recipient = recipient_of(&call.body);
    let mut reaction = state.script.lock().reaction(&call, recipient.as_deref());
    while let Reaction::Late(wait, then) = reaction {
        tokio::time::sleep(wait).await;
        reaction = *then;
    }
    let work = || state.work(&route, &call, token.as_deref());
    let answer = match reaction {
        // None is late any more: the loop above has waited.
        Reaction::Close | Reaction::Late(..) => return Err(Closed),
        Reaction::Hang => std::future::pending().await,
        Reaction::Answer { status, content_type, body } => plain(status, &content_type, body.into()),
        Reaction::Error { status, code } => {
            state.note_refusal(&call, code);
            state.answer_failure(place, &Failure::told(status, code))
        }
        Reaction::AcceptThenFail(code) => {
            state.answer(place, state.work_and_report(&route, &call, token.as_deref(), Some(code)))
        }
        Reaction::Accept => state.answer(place, work()),
        Reaction::AcceptLate(wait) => {
            let done = work();
            tokio::time::sleep(wait).await;
            state.answer(place, done)
        }
        Reaction::AcceptAndHang => {
            let _taken = work();
            std::future::pending().await
        }
        Reaction::AcceptAndClose => {
            let _taken = work();
            return Err(Closed);
        }
        Reaction::AcceptAndCut => cut(work()),
    };
    Ok(answer)
}

fn kind_of(route: &Route, body: &Value) -> On {
    match route {
        Route::Messages { .. } if body["status"].is_string() => On::Mark,
        Route::Messages { .. } => On::Send,
        Route::Media { .. } => On::MediaAddress,
        Route::File { .. } => On::MediaFile,
        Route::Number { .. } | Route::Apps { .. } | Route::Unknown => On::Ask,
    }
}

/// `to` without `+`, else `recipient`.
fn recipient_of(body: &Value) -> Option<String> {
    let to = body["to"].as_str().map(|to| to.trim_start_matches('+'));
    to.or_else(|| body["recipient"].as_str()).map(str::to_owned)
}

impl GraphState {
    fn route(&self, method: &str, path: &str, query: &str) -> Route {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        if method == "GET" && parts == ["whatsapp_business", "attachments"] {
            return Route::File { query: query.to_owned() };
        }
        let [version, id, rest @ ..] = parts.as_slice() else { return Route::Unknown };
        if !is_version(version) {
            return Route::Unknown;
        }
        let id = (*id).to_owned();
        match (method, rest) {
            ("POST", ["messages"]) => Route::Messages { number: id },
            ("GET", ["subscribed_apps"]) => Route::Apps { account: id },
            ("GET", []) if query.contains("phone_number_id=") || self.shelf.lock().has(&id) => {
                Route::Media { id }
            }
            ("GET", []) => {
                let fields = query.split('&').find_map(|pair| pair.strip_prefix("fields="));
                let fields = fields.unwrap_or_default().replace("%2C", ",");
                Route::Number { id, fields: fields.split(',').map(str::to_owned).collect() }
            }
            _ => Route::Unknown,
        }
    }

    fn work(self: &Arc<Self>, route: &Route, call: &Call, token: Option<&str>) -> Result<Good, Failure> {
        self.work_and_report(route, call, token, None)
    }

    /// Does what Meta would. `failure`: what the report on a message says.
    fn work_and_report(
        self: &Arc<Self>,
        route: &Route,
        call: &Call,
        token: Option<&str>,
        failure: Option<i64>,
    ) -> Result<Good, Failure> {
        let is_token_right = token.is_some_and(|token| {
            !token.is_empty() && self.options.token.as_ref().is_none_or(|right| right == token)
        });
        if !is_token_right {
            self.note_refusal(call, 190);
            return Err(Failure::token());
        }
        let now = self.options.clock.elapsed();
        match route {
            Route::Messages { number } => {
                if !self.has_number(number) {
                    self.note_refusal(call, 100);
                    return Err(Failure::no_object("post", number));
                }
                let done = match read_order(&call.body) {
                    Ok(Order::Mark { message_id, is_typing }) => self.mark(number, message_id, is_typing),
                    Ok(Order::Send(message)) => self.send(number, message, &call.body, now, failure),
                    Err(failure) => Err(failure),
                };
                if let Err(failure) = &done {
                    self.note_refusal(call, failure.code);
                }
                done.map(Good::Json)
            }
            Route::Media { id } => {
                let told = self.shelf.lock().address(&self.base_url, id, now);
                told.map(Good::Json).ok_or_else(|| Failure::no_object("get", id))
            }
            Route::File { query } => {
                let file = self.shelf.lock().file(query, now);
                file.map(Good::File).ok_or_else(Failure::gone)
            }
            Route::Number { id, fields } => self.number(id, fields).map(Good::Json),
            Route::Apps { account } => Ok(Good::Json(self.apps(account))),
            Route::Unknown => Err(Failure::path(&call.path)),
        }
    }

    fn has_number(&self, number: &str) -> bool {
        self.options.numbers.is_empty() || self.options.numbers.iter().any(|known| known.number == number)
    }

    pub(super) fn business(&self, number: &str) -> Business {
        let known = self.options.numbers.iter().find(|known| known.number == number);
        known.cloned().unwrap_or_else(|| Business { number: number.to_owned(), ..Business::default() })
    }

    fn mark(&self, number: &str, message_id: &str, is_typing: bool) -> Result<Value, Failure> {
        if !self.journal.was_delivered(number, message_id) {
            return Err(Failure::value("Message ID is invalid: no customer sent it to this number."));
        }
        self.journal.write(Happening::Marked { message_id: message_id.to_owned(), is_typing });
        Ok(json!({ "success": true }))
    }

    fn send(
        self: &Arc<Self>,
        number: &str,
        message: Message<'_>,
        body: &Value,
        now: Duration,
        failure: Option<i64>,
    ) -> Result<Value, Failure> {
        let recipient = message.recipient.trim_start_matches('+').to_owned();
        self.usage.lock().book(self.options.limits, number, &recipient, now)?;
        let sent = Sent {
            at: now,
            number: number.to_owned(),
            recipient: recipient.clone(),
            callback: message.callback.map(str::to_owned),
            message_id: self.new_message_id(),
            shown: shown_of_outgoing(body),
            body: body.clone(),
        };
        let customer = Customer::of_address(&recipient);
        let person = self.journal.person(&customer);
        self.sent.lock().push(sent.clone());
        self.journal.write_with(|people| Happening::Sent {
            person: people.meet(&customer),
            number: sent.number.clone(),
            message_id: sent.message_id.clone(),
            callback: sent.callback.clone(),
            shown: sent.shown.clone(),
        });
        follow(self, &sent, failure);
        let mut contact = json!({ "input": message.recipient });
        for (name, value) in [("wa_id", person.phone), ("user_id", person.user_id)] {
            if let Some(value) = value {
                contact[name] = json!(value);
            }
        }
        Ok(
            json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [{ "id": sent.message_id }] }),
        )
    }

    /// Looks like Meta's: opaque, base64, with `=` at the end.
    fn new_message_id(&self) -> String {
        let count = self.next_message.fetch_add(1, Ordering::SeqCst);
        let mut bytes = [0_u8; 16];
        for (place, byte) in self.seed.to_be_bytes().into_iter().chain(count.to_be_bytes()).enumerate() {
            if let Some(slot) = bytes.get_mut(place) {
                *slot = byte;
            }
        }
        format!("wamid.{}", STANDARD.encode(bytes))
    }

    fn number(&self, id: &str, fields: &[String]) -> Result<Value, Failure> {
        if !self.has_number(id) {
            return Err(Failure::no_object("get", id));
        }
        let business = self.business(id);
        let known = json!({
            "display_phone_number": business.display_number, "verified_name": "Loja Simulada",
            "quality_rating": "GREEN", "code_verification_status": "VERIFIED", "platform_type": "CLOUD_API",
            "throughput": { "level": "STANDARD" }, "status": "CONNECTED", "name_status": "APPROVED",
            "account_mode": "LIVE", "messaging_limit_tier": "TIER_250",
            "whatsapp_business_account": { "id": business.account },
        });
        let mut told = json!({ "id": id });
        for field in fields {
            let name = field.split('{').next().unwrap_or_default();
            if let Some(value) = known.get(name) {
                told[name] = value.clone();
            }
        }
        Ok(told)
    }

    fn apps(&self, account: &str) -> Value {
        if self.unsubscribed.lock().iter().any(|unsubscribed| unsubscribed == account) {
            return json!({ "data": [] });
        }
        let app = json!({ "id": "1234567890", "name": "simulator", "link": "https://www.facebook.com/games/?app_id=1" });
        json!({ "data": [{ "whatsapp_business_api_data": app }] })
    }

    fn note_refusal(&self, call: &Call, code: i64) {
        if call.on == On::Send {
            self.journal.write(Happening::Refused { code });
        }
    }

    fn answer(&self, place: usize, done: Result<Good, Failure>) -> Response<Body> {
        match done {
            Ok(good) => {
                self.note_answer(place, 200, None);
                let (content_type, bytes) = bytes_of(good);
                plain(200, &content_type, bytes)
            }
            Err(failure) => self.answer_failure(place, &failure),
        }
    }

    fn answer_failure(&self, place: usize, failure: &Failure) -> Response<Body> {
        self.note_answer(place, failure.status, Some(failure.code));
        plain(failure.status, "application/json", failure.body().to_string().into())
    }

    fn note_answer(&self, place: usize, status: u16, code: Option<i64>) {
        if let Some(call) = self.calls.lock().get_mut(place) {
            call.status = Some(status);
            call.code = code;
        }
    }
}

/// `v26.0` and the like.
fn is_version(part: &str) -> bool {
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = part.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    numbers.is_some_and(|(major, minor)| is_digits(major) && is_digits(minor))
}

fn bytes_of(good: Good) -> (String, Bytes) {
    match good {
        Good::Json(value) => ("application/json".to_owned(), value.to_string().into()),
        Good::File(file) => (file.mime_type, file.bytes),
    }
}

fn plain(status: u16, content_type: &str, body: Bytes) -> Response<Body> {
    let answer = Response::builder().status(status).header(CONTENT_TYPE, content_type);
    let body = Full::new(body).map_err(|never: Infallible| match never {}).boxed();
    // A status or type that HTTP does not know is the script's mistake: the answer is then a bare 200.
    answer.body(body).unwrap_or_default()
}

/// Announces the whole answer, lets half of it out, and closes.
fn cut(done: Result<Good, Failure>) -> Response<Body> {
    let (_, bytes) =
        done.map_or_else(|failure| (String::new(), Bytes::from(failure.body().to_string())), bytes_of);
    let half = bytes.slice(..bytes.len() / 2);
    let first = stream::iter([Ok(Frame::data(half))]);
    let end = stream::once(async {
        tokio::time::sleep(HALF_BODY_PAUSE).await;
        Err(io::Error::other("cut as told"))
    });
    let answer =
        Response::builder().header(CONTENT_TYPE, "application/json").header(CONTENT_LENGTH, bytes.len());
    answer.body(BodyExt::boxed(StreamBody::new(first.chain(end)))).unwrap_or_default()
}
