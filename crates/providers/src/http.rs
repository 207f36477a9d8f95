//! One HTTP client per provider: where to, with which key, and how an answer's bytes are read.
//!
//! Everything that is the same in every call (URL, headers, key) is made once. Connections are HTTP/1.1,
//! encrypted with ring, kept open between calls. Redirects are not followed: a key goes to the configured
//! host only. Only connecting has a time limit here; the rest of the time belongs to the router.

mod excerpt;
mod retry_after;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pytake_assistant::provider::{FailureKind, ProviderFailure};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Client, Method, Request, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use excerpt::excerpt;
pub(crate) use retry_after::{retry_after, retry_info};

use crate::error::ConfigError;

/// 5 s, as the vendors' own SDKs wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// 8 MiB: sixteen times the text of a 128k-token answer; more is not an answer.
pub(crate) const MAX_BODY_BYTES: usize = 8 << 20;

/// 64 KiB of an error's body are read; a message of 300 characters is made from them.
const MAX_ERROR_BODY_BYTES: usize = 64 << 10;

/// How a key is shown to the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyHeader {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// A header of its own, such as `x-api-key: KEY`.
    Named(&'static str),
}

impl KeyHeader {
    /// The header with a key; `None` for a key that no header can carry.
    fn shown(self, secret: &str) -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = match self {
            Self::Bearer => ("authorization", format!("Bearer {secret}")),
            Self::Named(name) => (name, secret.to_owned()),
        };
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_static(name), value))
    }
}

/// A vendor's address with all that goes there in every call.
#[derive(Clone)]
pub(crate) struct Endpoint {
    client: Client,
    url: Url,
    headers: HeaderMap,
    key_header: KeyHeader,
    key: Option<SecretString>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Prepares calls to `path` below `base_url`; an empty key counts as none.
    pub(crate) fn new(
        provider: &str,
        base_url: &str,
        path: &str,
        (key_header, key): (KeyHeader, Option<&SecretString>),
        extra: &[(&'static str, &str)],
    ) -> Result<Self, ConfigError> {
        let url = join(base_url, path)?;
        let key = key.map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(secret) = key {
            let (name, value) = key_header
                .shown(secret)
                .ok_or_else(|| ConfigError::ApiKey { provider: provider.to_owned() })?;
            headers.insert(name, value);
        }
        for &(name, value) in extra {
            let refused = |_| ConfigError::Header { name, value: value.to_owned() };
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).map_err(refused)?);
        }
        let client = client(&url)?;
        Ok(Self { client, url, headers, key_header, key: key.map(SecretString::from) })
    }

    /// The same endpoint and connections, for calls with this key and with no other.
    ///
    /// # Errors
    /// [`FailureKind::Auth`] for a key that no header can carry.
    pub(crate) fn with_key(&self, key: &SecretString) -> Result<Self, ProviderFailure> {
        let secret = key.expose_secret().trim();
        let unsent = || ProviderFailure::new(FailureKind::Auth, "the key cannot be sent");
        let shown = self.key_header.shown(secret).filter(|_| !secret.is_empty());
        let (name, value) = shown.ok_or_else(unsent)?;
        let mut endpoint = self.clone();
        endpoint.headers.insert(name, value);
        endpoint.key = Some(SecretString::from(secret));
        Ok(endpoint)
    }

    /// Whether calls bring a key.
    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The whole URL that is called.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Sends a JSON body and waits for the answer's head.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<Response, ProviderFailure> {
        let mut request = Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = Some(body.into());
        self.client.execute(request).await.map_err(|error| self.not_answered(error))
    }

    /// Sends a form with a file and waits for the answer's head.
    pub(crate) async fn post_form(&self, form: Form) -> Result<Response, ProviderFailure> {
        let mut headers = self.headers.clone();
        // The form has its own, with the boundary.
        headers.remove(CONTENT_TYPE);
        let request = self.client.post(self.url.clone()).headers(headers).multipart(form);
        request.send().await.map_err(|error| self.not_answered(error))
    }

    /// Reads a whole body of at most [`MAX_BODY_BYTES`].
    pub(crate) async fn read(&self, mut response: Response) -> Result<Bytes, ProviderFailure> {
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        let Some(first) = response.chunk().await.map_err(|error| self.cut(error))? else {
            return Ok(Bytes::new());
        };
        if Some(first.len()) == announced {
            return Ok(first);
        }
        let mut body = Vec::with_capacity(announced.unwrap_or(first.len() * 2).min(MAX_BODY_BYTES));
        body.extend_from_slice(&first);
        while let Some(piece) = response.chunk().await.map_err(|error| self.cut(error))? {
            if body.len() + piece.len() > MAX_BODY_BYTES {
                return Err(ProviderFailure::new(FailureKind::Malformed, "the answer is larger than 8 MiB"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.into())
    }

    /// Reads what there is of an error's body; a cut one is better than none.
    pub(crate) async fn read_error(&self, mut response: Response) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(Some(piece)) = response.chunk().await {
            let room = MAX_ERROR_BODY_BYTES - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() >= room {
                break;
            }
        }
        body
    }

    /// What may be kept of a text the vendor sent: bounded, keys taken out.
    pub(crate) fn excerpt(&self, text: &str) -> String {
        excerpt(text, self.key.as_ref())
    }

    /// A body that ended before its end.
    pub(crate) fn cut(&self, error: reqwest::Error) -> ProviderFailure {
        let kind = if error.is_timeout() { FailureKind::Timeout } else { FailureKind::Incomplete };
        ProviderFailure::new(kind, self.excerpt(&format!("the answer was cut: {}", root_cause(error))))
    }

    /// A request that got no answer's head.
    fn not_answered(&self, error: reqwest::Error) -> ProviderFailure {
        let (kind, what) = if error.is_connect() {
            (FailureKind::Connect, "no connection")
        } else if error.is_timeout() {
            (FailureKind::Timeout, "no answer in time")
        } else {
            (FailureKind::Incomplete, "the connection ended before an answer")
        };
        ProviderFailure::new(kind, self.excerpt(&format!("{what}: {}", root_cause(error))))
    }
}

/// The innermost reason, without the URL.
fn root_cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The host that is called, with its port where that is not the usual one.
pub(crate) fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Appends a path with exactly one slash between; a query of the base URL stays (Azure's old routes need it).
fn join(base_url: &str, path: &str) -> Result<Url, ConfigError> {
    let wrong = |problem| ConfigError::BaseUrl { url: excerpt(base_url, None), problem };
    let mut url = Url::parse(base_url.trim()).map_err(|_| wrong("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        url.set_username("").ok();
        url.set_password(None).ok();
        return Err(ConfigError::BaseUrl { url: url.into(), problem: "must not hold credentials" });
    }
    let joined = format!("{}/{}", url.path().trim_end_matches('/'), path.trim_start_matches('/'));
    url.set_path(&joined);
    url.set_fragment(None);
    Ok(url)
}

fn client(url: &Url) -> Result<Client, ConfigError> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls(url)?)
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("pytake/", env!("CARGO_PKG_VERSION")));
    if is_loopback(url) {
        // A proxy of the environment is for the outside, not for a model server on this machine.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| ConfigError::Tls(error.into()))
}

/// The machine's own certificates decide whom to trust; they are read only where encryption is used.
fn tls(url: &Url) -> Result<ClientConfig, ConfigError> {
    let failed = |error: rustls::Error| ConfigError::Tls(error.into());
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    if url.scheme() == "https" {
        Ok(builder.with_platform_verifier().map_err(failed)?.with_no_client_auth())
    } else {
        Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_with_exactly_one_slash() {
        for base in ["https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1///"] {
            let url = join(base, "/chat/completions").unwrap();
            assert_eq!(url.as_str(), "https://api.groq.com/openai/v1/chat/completions");
        }
        assert_eq!(join("http://h:1", "v1/messages").unwrap().as_str(), "http://h:1/v1/messages");
    }

    #[test]
    fn a_query_of_the_base_url_stays() {
        let url = join("https://r.openai.azure.com/openai/deployments/d?api-version=1", "chat/completions");
        let expected = "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=1";
        assert_eq!(url.unwrap().as_str(), expected);
    }

    #[test]
    fn a_base_url_that_cannot_work_is_refused_without_repeating_secrets() {
        for bad in ["", "api.openai.com/v1", "ftp://host", "http://"] {
            assert!(join(bad, "x").is_err(), "{bad}");
        }
        let text = join("https://me:secret@host/v1", "x").unwrap_err().to_string();
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_and_not_shown() {
        let key = SecretString::from("sk-se\ncret");
        let endpoint = Endpoint::new("openai", "http://h", "x", (KeyHeader::Bearer, Some(&key)), &[]);
        let text = endpoint.unwrap_err().to_string();
        assert!(text.contains("openai") && !text.contains("cret"), "{text}");
    }

    #[test]
    fn debug_shows_no_key() {
        let key = SecretString::from("sk-very-secret-key ");
        let endpoint = Endpoint::new("o", "http://h/v1", "x", (KeyHeader::Bearer, Some(&key)), &[]).unwrap();
        assert_eq!(format!("{endpoint:?}"), r#"Endpoint { url: "http://h/v1/x", .. }"#);
        assert_eq!(endpoint.headers["authorization"], "Bearer sk-very-secret-key");
    }

    #[test]
    fn a_key_of_a_call_replaces_the_servers_and_is_redacted_too() {
        let (server, own) = (SecretString::from("server-secret-key"), SecretString::from("tenants-own-key"));
        let endpoint =
            Endpoint::new("o", "http://h", "x", (KeyHeader::Named("x-api-key"), Some(&server)), &[]);
        let endpoint = endpoint.unwrap().with_key(&own).unwrap();
        assert_eq!(endpoint.headers.get_all("x-api-key").iter().collect::<Vec<_>>(), ["tenants-own-key"]);
        assert_eq!(endpoint.excerpt("wrong: tenants-own-key"), "wrong: [key]");
        for bad in ["", " ", "a\nb"] {
            let failure = endpoint.with_key(&SecretString::from(bad)).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Auth);
        }
    }

    #[test]
    fn encrypted_clients_need_no_provider_installed_by_anyone() {
        assert!(Endpoint::new("o", "https://api.openai.com/v1", "x", (KeyHeader::Bearer, None), &[]).is_ok());
    }
}
