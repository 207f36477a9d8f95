//! One call to a vendor from request to complete answer, the same for every wire.
//!
//! A wire says how a request is written and how answers are read; this file sends, drops what the vendor
//! refused (once), reads whole or streamed, and lets nothing through that is not complete.

use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use futures::{Stream, StreamExt};
use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{
    Completion, CompletionRequest, CompletionStream, FailureKind, ProviderFailure, StreamEvent,
};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, Url};
use serde::Serialize;

use crate::failure::VendorError;
use crate::http::{Endpoint, MAX_BODY_BYTES, retry_after};
use crate::pictures::length_in_base64;
use crate::refused::{Parameter, Refused, RefusedByModel, refused_parameter};
use crate::sse::{SseEvent, SseParser};

/// 20 ms: after the end was announced, the bytes that close it are awaited so long, and the connection can
/// be used again. They come in the same packet from every vendor that behaves.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(20);

/// A request body of a wire.
pub(crate) trait WireRequest: Serialize {
    /// The parameters in it that a vendor may refuse, by field name.
    fn optional(&self) -> Vec<(&'static str, Parameter)>;
}

/// A vendor's way to write requests and answers.
pub(crate) trait Wire: Send + Sync + 'static {
    /// The body of a request.
    type Request<'a>: WireRequest
    where
        Self: 'a;
    /// Puts a streamed answer together.
    type Builder: AnswerBuilder;

    /// The header that carries the vendor's request id.
    const REQUEST_ID: &'static str;

    /// Writes a request without what the model refused before.
    fn request<'a>(
        &'a self,
        request: &'a CompletionRequest,
        is_streamed: bool,
        refused: Refused,
    ) -> Self::Request<'a>;

    /// Reads a whole answer.
    fn read(&self, body: &[u8]) -> Result<Completion, ProviderFailure>;

    /// Begins a streamed answer.
    fn builder(&self) -> Self::Builder;
}

/// What an event of a stream brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing to show.
    Nothing,
    /// More text, never empty.
    Text(String),
    /// The vendor's last word.
    End,
}

/// Puts a streamed answer together; pure.
pub(crate) trait AnswerBuilder: Send + 'static {
    /// Takes an event. An error ends the stream.
    fn event(&mut self, event: &SseEvent) -> Result<Progress, ProviderFailure>;
    /// What was used so far, for failures.
    fn usage(&self) -> Option<TokenUsage>;
    /// The answer, if it is complete.
    fn finish(&mut self) -> Result<Completion, ProviderFailure>;
}

/// A vendor's endpoint and wire.
#[derive(Debug)]
pub(crate) struct Exchange<W> {
    endpoint: Arc<Endpoint>,
    wire: W,
    refused: RefusedByModel,
}

impl<W: Wire> Exchange<W> {
    pub(crate) fn new(endpoint: Endpoint, wire: W) -> Self {
        Self { endpoint: Arc::new(endpoint), wire, refused: RefusedByModel::default() }
    }

    pub(crate) fn url(&self) -> &Url {
        self.endpoint.url()
    }

    pub(crate) fn has_key(&self) -> bool {
        self.endpoint.has_key()
    }

    pub(crate) fn wire(&self) -> &W {
        &self.wire
    }

    /// Asks for a whole answer.
    pub(crate) async fn complete(&self, request: &CompletionRequest) -> Result<Completion, ProviderFailure> {
        let endpoint = self.endpoint_for(request)?;
        let response = self.send(&endpoint, request, false).await?;
        self.read(&endpoint, response).await
    }

    /// Asks for an answer in pieces. Ends with an error here if one comes before the first piece.
    pub(crate) async fn stream(
        &self,
        request: &CompletionRequest,
    ) -> Result<CompletionStream, ProviderFailure> {
        let endpoint = self.endpoint_for(request)?;
        let response = self.send(&endpoint, request, true).await?;
        if is_document(&response) {
            // A server that does not stream answers whole.
            let completion = self.read(&endpoint, response).await?;
            let events = [Ok(StreamEvent::Text(completion.text.clone())), Ok(StreamEvent::Done(completion))];
            return Ok(futures::stream::iter(events).boxed());
        }
        let mut events = events::<W>(endpoint, response, self.wire.builder()).boxed();
        match events.next().await {
            Some(Ok(first)) => Ok(futures::stream::once(std::future::ready(Ok(first))).chain(events).boxed()),
            Some(Err(failure)) => Err(failure),
            None => Err(ProviderFailure::new(FailureKind::Incomplete, "the stream was empty")),
        }
    }

    /// The endpoint with the key of the call, where it brings one.
    fn endpoint_for(&self, request: &CompletionRequest) -> Result<Arc<Endpoint>, ProviderFailure> {
        match &request.key {
            Some(key) => self.endpoint.with_key(key).map(Arc::new),
            None => Ok(Arc::clone(&self.endpoint)),
        }
    }

    /// Whether some model refused the parameter, so that it goes to that one no more.
    pub(crate) fn has_refused(&self, parameter: Parameter) -> bool {
        self.refused.has_any(parameter)
    }

    /// Sends the request, a second time without a parameter of ours that was refused, and returns a
    /// response with a 2xx status.
    async fn send(
        &self,
        endpoint: &Endpoint,
        request: &CompletionRequest,
        is_streamed: bool,
    ) -> Result<Response, ProviderFailure> {
        let mut refused = self.refused.of(&request.model);
        let mut may_drop = true;
        loop {
            let body = self.body(request, is_streamed, refused)?;
            let response = endpoint.post(body).await?;
            let status = response.status().as_u16();
            if (200..300).contains(&status) {
                return Ok(response);
            }
            let wait = retry_after(response.headers());
            let id = request_id::<W>(&response);
            let error = VendorError::from_body(&endpoint.read_error(response).await);
            let sent = self.wire.request(request, is_streamed, refused).optional();
            match refused_parameter(&error, status, &sent) {
                Some(parameter) if may_drop => {
                    self.refused.remember(&request.model, parameter);
                    refused = refused.with(parameter);
                    may_drop = false;
                }
                Some(parameter) => {
                    self.refused.remember(&request.model, parameter);
                    return Err(failure(endpoint, &error, status, wait, id.as_deref()));
                }
                None => return Err(failure(endpoint, &error, status, wait, id.as_deref())),
            }
        }
    }

    fn body(
        &self,
        request: &CompletionRequest,
        is_streamed: bool,
        refused: Refused,
    ) -> Result<Vec<u8>, ProviderFailure> {
        let mut texts = 0;
        for message in request.messages.iter() {
            texts += message.content.len() + 40;
            texts += message.images.iter().map(|image| length_in_base64(image) + 100).sum::<usize>();
        }
        let mut body = Vec::with_capacity(request.system.len() + texts + 512);
        let wire_request = self.wire.request(request, is_streamed, refused);
        serde_json::to_writer(&mut body, &wire_request)
            .map_err(|error| ProviderFailure::new(FailureKind::BadRequest, error.to_string()))?;
        Ok(body)
    }

    async fn read(&self, endpoint: &Endpoint, response: Response) -> Result<Completion, ProviderFailure> {
        let status = response.status().as_u16();
        let id = request_id::<W>(&response);
        let body = endpoint.read(response).await?;
        match self.wire.read(&body) {
            Ok(completion) => Ok(Completion { provider_request_id: id, ..completion }),
            Err(failure) => Err(tidy(endpoint, failure, status)),
        }
    }
}

fn failure(
    endpoint: &Endpoint,
    error: &VendorError,
    status: u16,
    wait: Option<Duration>,
    request_id: Option<&str>,
) -> ProviderFailure {
    let message = match request_id {
        Some(id) => endpoint.excerpt(&format!("[{id}] {}", error.message)),
        None => endpoint.excerpt(&error.message),
    };
    error.failure(status, message, wait)
}

/// The events of a response, ended by the first error or by the whole answer.
fn events<W: Wire>(
    endpoint: Arc<Endpoint>,
    mut response: Response,
    mut builder: W::Builder,
) -> impl Stream<Item = Result<StreamEvent, ProviderFailure>> + Send {
    let status = response.status().as_u16();
    let id = request_id::<W>(&response);
    stream! {
        let mut parser = SseParser::default();
        let mut received = 0;
        let mut is_open = true;
        let outcome = 'answer: loop {
            while let Some(event) = parser.next_event() {
                match builder.event(&event) {
                    Ok(Progress::Nothing) => {}
                    Ok(Progress::Text(text)) => yield Ok(StreamEvent::Text(text)),
                    Ok(Progress::End) => break 'answer builder.finish(),
                    Err(failure) => break 'answer Err(failure),
                }
            }
            if !is_open {
                break builder.finish();
            }
            match response.chunk().await {
                Ok(Some(piece)) => {
                    received += piece.len();
                    if received > MAX_BODY_BYTES || parser.push(&piece).is_err() {
                        break Err(ProviderFailure::new(FailureKind::Malformed, "the stream is too large"));
                    }
                }
                Ok(None) => {
                    is_open = false;
                    if let Some(last) = parser.finish() {
                        match builder.event(&last) {
                            Ok(Progress::Text(text)) => yield Ok(StreamEvent::Text(text)),
                            Ok(Progress::Nothing | Progress::End) => {}
                            Err(failure) => break Err(failure),
                        }
                    }
                }
                Err(error) => break Err(endpoint.cut(error)),
            }
        };
        match outcome {
            Ok(completion) => {
                if is_open {
                    close(&mut response).await;
                }
                yield Ok(StreamEvent::Done(Completion { provider_request_id: id, ..completion }));
            }
            Err(failure) => {
                let usage = failure.usage.or_else(|| builder.usage());
                yield Err(tidy(&endpoint, ProviderFailure { usage, ..failure }, status));
            }
        }
    }
}

/// Reads what little is left, so that the connection goes back to the pool.
async fn close(response: &mut Response) {
    let rest = async { while matches!(response.chunk().await, Ok(Some(_))) {} };
    // A server that keeps the connection open costs it, nothing else.
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, rest).await;
}

/// Bounds and redacts what a wire reported.
fn tidy(endpoint: &Endpoint, mut failure: ProviderFailure, status: u16) -> ProviderFailure {
    failure.message = endpoint.excerpt(&failure.message);
    failure.status = failure.status.or(Some(status));
    failure
}

fn request_id<W: Wire>(response: &Response) -> Option<String> {
    let id = response.headers().get(W::REQUEST_ID)?.to_str().ok()?;
    // 128 bytes: the vendors' own ids have about 40.
    Some(id[..id.floor_char_boundary(128)].to_owned())
}

/// True for a body that cannot be an event stream: JSON or a page.
fn is_document(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["application/json", "text/html"].iter().any(|document| kind.starts_with(document))
}

/// The failure of a body with status 200 that is no JSON. The text itself is not repeated: it may hold what
/// a customer wrote.
pub(crate) fn unreadable(body: &[u8], error: &serde_json::Error) -> ProviderFailure {
    let text = body.trim_ascii_start();
    if text.is_empty() {
        ProviderFailure::new(FailureKind::Incomplete, "the answer is empty")
    } else if text.starts_with(b"<") {
        let page = String::from_utf8_lossy(&text[..text.len().min(300)]);
        ProviderFailure::new(FailureKind::Malformed, format!("a page instead of an answer: {page}"))
    } else if error.is_eof() {
        let message = format!("the JSON ends after {} bytes", body.len());
        ProviderFailure::new(FailureKind::Incomplete, message)
    } else {
        let message = format!("no JSON at line {} column {}", error.line(), error.column());
        ProviderFailure::new(FailureKind::Malformed, message)
    }
}
