//! W3C Trace Context: a caller's `traceparent` header makes our spans part of its trace.

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::Response;
use opentelemetry::Context;
use opentelemetry::context::FutureExt;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// Reads the header around everything else; a malformed one counts as none.
pub(super) fn follow(router: Router) -> Router {
    router.layer(middleware::from_fn(within))
}

async fn within(request: Request, next: Next) -> Response {
    let theirs = context(request.headers());
    next.run(request).with_context(theirs).await
}

fn context(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers))
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.to_str().ok()?;
        (name != "traceparent" || has_whole_ids(value)).then_some(value)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

/// The propagator takes short ids for numbers; in the header's grammar every part has its length.
fn has_whole_ids(traceparent: &str) -> bool {
    traceparent.trim().split('-').map(str::len).take(4).eq([2, 32, 16, 2])
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceContextExt;

    use super::*;

    fn trace_id(header: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([("traceparent".parse().unwrap(), header.parse().unwrap())]);
        let context = context(&headers);
        let span = context.span().span_context().clone();
        span.is_valid().then(|| span.trace_id().to_string())
    }

    #[test]
    fn a_callers_trace_goes_on() {
        let theirs = trace_id("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(theirs.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    }

    #[test]
    fn a_malformed_header_counts_as_none() {
        for odd in ["", "00", "00-0af7-b7ad-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            assert_eq!(trace_id(odd), None, "{odd:?}");
        }
    }
}
