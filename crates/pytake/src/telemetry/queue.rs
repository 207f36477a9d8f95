//! Ended spans wait here for their export: bounded, never in a turn's way.
//!
//! The library's own batch processor counts what it drops in private and drives clients that block; this one counts
//! into our metrics and runs on our runtime.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, describe_counter};
use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Spans by `outcome`: `exported`, `failed` (the collector did not take them), `dropped` (the queue was full).
const SPANS: &str = "pytake_trace_spans_total";

/// 2,048 spans wait, 512 go at once, after 5 s at the latest: OpenTelemetry's defaults for `OTEL_BSP_MAX_QUEUE_SIZE`,
/// `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` and `OTEL_BSP_SCHEDULE_DELAY`.
const CAPACITY: usize = 2_048;
const BATCH: usize = 512;
const EVERY: Duration = Duration::from_secs(5);

/// Says what the metric means.
pub(super) fn describe() {
    describe_counter!(SPANS, "Ended spans by what became of them");
}

/// The waiting spans; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    spans: Mutex<Vec<SpanData>>,
    /// Rung when a batch is complete.
    bell: Notify,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let mut spans = self.0.spans.lock();
        if spans.len() >= CAPACITY {
            drop(spans);
            counter!(SPANS, "outcome" => "dropped").increment(1);
            return;
        }
        spans.push(span);
        let is_batch = spans.len() == BATCH;
        drop(spans);
        if is_batch {
            self.0.bell.notify_one();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Queue {
    /// Exports what comes until told to stop, then what is left.
    pub(super) async fn empty_into(self, exporter: impl SpanExporter, stop: CancellationToken) {
        let mut delivery = Delivery { exporter, is_failing: false };
        loop {
            // Every arm is cancel-safe: a ring that nobody waits for is kept, the token stays cancelled.
            let is_last = tokio::select! {
                () = stop.cancelled() => true,
                () = self.0.bell.notified() => false,
                () = tokio::time::sleep(EVERY) => false,
            };
            let mut spans = std::mem::take(&mut *self.0.spans.lock());
            while !spans.is_empty() {
                let later = spans.split_off(spans.len().min(BATCH));
                delivery.send(std::mem::replace(&mut spans, later)).await;
            }
            if is_last {
                return;
            }
        }
    }
}

/// Sends batches, and says once when they are not taken and once when they are again.
struct Delivery<E> {
    exporter: E,
    is_failing: bool,
}

impl<E: SpanExporter> Delivery<E> {
    async fn send(&mut self, batch: Vec<SpanData>) {
        let spans = batch.len() as u64;
        let sent = self.exporter.export(batch).await;
        let outcome = if sent.is_ok() { "exported" } else { "failed" };
        counter!(SPANS, "outcome" => outcome).increment(spans);
        match sent {
            Err(error) if !self.is_failing => {
                warn!(error.message = %error, "the collector takes no traces; they are dropped until it does");
            }
            Ok(()) if self.is_failing => info!("the collector takes traces again"),
            Ok(()) | Err(_) => {}
        }
        self.is_failing = outcome == "failed";
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::error::OTelSdkError;
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    /// Notes the size of each batch; takes none while `is_down`.
    #[derive(Debug, Clone, Default)]
    struct Collector {
        batches: Arc<Mutex<Vec<usize>>>,
        is_down: bool,
    }

    impl SpanExporter for Collector {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.batches.lock().push(batch.len());
            if self.is_down { Err(OTelSdkError::InternalFailure("down".into())) } else { Ok(()) }
        }
    }

    fn queue_with(spans: usize) -> Queue {
        let queue = Queue::default();
        let provider = SdkTracerProvider::builder().with_span_processor(queue.clone()).build();
        let tracer = provider.tracer("test");
        for _ in 0..spans {
            drop(tracer.start("span"));
        }
        queue
    }

    async fn batches_of(spans: usize, is_down: bool) -> Vec<usize> {
        let collector = Collector { is_down, ..Collector::default() };
        let stop = CancellationToken::new();
        stop.cancel();
        queue_with(spans).empty_into(collector.clone(), stop).await;
        let batches = collector.batches.lock();
        batches.clone()
    }

    #[tokio::test]
    async fn what_waits_at_the_stop_is_still_sent() {
        assert_eq!(batches_of(600, false).await, [512, 88]);
    }

    #[tokio::test]
    async fn a_full_queue_drops_what_comes_and_keeps_what_waits() {
        assert_eq!(batches_of(CAPACITY + 100, false).await.iter().sum::<usize>(), CAPACITY);
    }

    #[tokio::test]
    async fn a_collector_that_is_down_is_given_each_batch_once() {
        assert_eq!(batches_of(600, true).await, [512, 88]);
    }
}
