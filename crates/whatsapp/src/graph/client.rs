//! The HTTP client: HTTP/1.1, encrypted with ring, no redirects, no retries of its own.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::config::ConfigError;

/// A connection that was idle for longer may be closed by the other side while a message is written to it, and then
/// nobody knows whether it arrived. Within a conversation it is still there.
const IDLE: Duration = Duration::from_secs(15);

/// Makes the client for the API and for files.
pub(super) fn client(root: &Url, connect_timeout: Duration) -> Result<Client, ConfigError> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls(root)?)
        .http1_only()
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(IDLE)
        // A message that was written once is not written again by anything but the outbox.
        .retry(reqwest::retry::never())
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("pytake/", env!("CARGO_PKG_VERSION")));
    if is_loopback(root) {
        // A proxy of the environment is for the outside, not for a stand-in on this machine.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| ConfigError::Tls(error.into()))
}

/// The machine's own certificates decide whom to trust. A stand-in without encryption works without any.
fn tls(root: &Url) -> Result<ClientConfig, ConfigError> {
    let failed = |error: rustls::Error| ConfigError::Tls(error.into());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)
    };
    match builder()?.with_platform_verifier() {
        Ok(verified) => Ok(verified.with_no_client_auth()),
        Err(_) if root.scheme() == "http" => {
            Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
        }
        Err(error) => Err(failed(error)),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
