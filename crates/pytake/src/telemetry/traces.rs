//! Traces over OTLP: what is exported, where to, and how often it is tried.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanExporter as _};
use pytake::config::{Sampling, Traces};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::registry::LookupSpan;

use super::queue::Queue;

/// 10 s for one batch, retries included: the default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the stop waits for the last batches. Our choice: a collector that answers needs milliseconds, one that
/// does not must not hold up a restart.
const LAST_EXPORT: Duration = Duration::from_secs(3);

/// A running export.
pub(super) struct Export {
    provider: SdkTracerProvider,
    delivery: JoinHandle<()>,
    stop: CancellationToken,
}

impl Export {
    /// Starts it; whether the collector is there is found out with the first spans.
    pub(super) fn start(traces: &Traces) -> anyhow::Result<Self> {
        let resource = Resource::builder()
            .with_service_name(traces.service_name.clone())
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let mut exporter = exporter(traces)?;
        exporter.set_resource(&resource);
        let queue = Queue::default();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(sampler(traces.sampling))
            .with_span_processor(queue.clone())
            .build();
        let stop = CancellationToken::new();
        let delivery = tokio::spawn(queue.empty_into(exporter, stop.clone()));
        Ok(Self { provider, delivery, stop })
    }

    /// Makes spans of ours into OpenTelemetry's. Events stay in the log, where the operator's filter decides.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let is_exported =
            |metadata: &Metadata<'_>| metadata.is_span() && metadata.target().starts_with("pytake");
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("pytake"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(FilterFn::new(is_exported).with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Sends what waits.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(LAST_EXPORT, &mut self.delivery).await.is_err() {
            self.delivery.abort();
            warn!("the last traces were not delivered in time");
        }
    }
}

fn sampler(sampling: Sampling) -> Sampler {
    // A ratio of 1 takes every trace, of 0 none.
    let ours = Sampler::TraceIdRatioBased(sampling.share);
    if sampling.follows_caller { Sampler::ParentBased(Box::new(ours)) } else { ours }
}

fn exporter(traces: &Traces) -> anyhow::Result<SpanExporter> {
    let headers = traces.headers.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    SpanExporter::builder()
        .with_http()
        .with_http_client(client(&traces.endpoint)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", traces.endpoint.trim_end_matches('/')))
        .with_headers(headers.collect())
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .context("could not prepare the export of traces")
}

/// Of its own, not the providers': what slows the collector down must not take a connection from a turn.
fn client(endpoint: &str) -> anyhow::Result<reqwest::Client> {
    let url = reqwest::Url::parse(endpoint).context("is not an address")?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(url.scheme() == "https")?)
        .http1_only()
        .timeout(EXPORT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("pytake/", env!("CARGO_PKG_VERSION")));
    if is_loopback(&url) {
        // A proxy of the environment is for the outside, not for a collector on this machine.
        builder = builder.no_proxy();
    }
    builder.build().context("could not prepare the connection to the collector")
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The machine's own certificates decide whom to trust; they are read only where encryption is used.
fn tls(is_encrypted: bool) -> anyhow::Result<ClientConfig> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .context("could not prepare TLS")?;
    if is_encrypted {
        let verified =
            builder.with_platform_verifier().context("could not read the machine's certificates")?;
        Ok(verified.with_no_client_auth())
    } else {
        Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
    }
}
