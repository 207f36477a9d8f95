//! Where the Graph API is, and which hosts may be shown a token.

use std::time::Duration;

use reqwest::Url;

/// Address of the Graph API (Meta, Graph API overview).
const META: &str = "https://graph.facebook.com";

/// The newest version in November 2026 (Meta, Graph API changelog).
const VERSION: &str = "v26.0";

/// Where Meta keeps customers' files (WhatsApp Cloud API, media).
const META_FILES: &str = "lookaside.fbsbx.com";

/// Settings of the client.
#[derive(Debug, Clone)]
pub struct WhatsAppConfig {
    /// Address of the Graph API, without the version; of a stand-in in tests.
    pub base_url: String,
    /// Version of the Graph API, such as `v26.0`.
    pub version: String,
    /// Hosts whose `https` addresses of files are followed. The host of an overridden [`base_url`](Self::base_url) is
    /// one of them by itself, at exactly its scheme and port.
    pub media_hosts: Vec<String>,
    /// For name, connection and encryption together. Meta's own SDKs use 5 to 10 seconds.
    pub connect_timeout: Duration,
    /// For a whole call, from its start; longer than [`connect_timeout`](Self::connect_timeout), so that what runs into
    /// it had a connection. Third parties see answers of the Graph API after up to 10 seconds.
    pub request_timeout: Duration,
    /// For a file with all that belongs to it: 16 MiB at 2 Mbit/s take 67 seconds.
    pub media_timeout: Duration,
}

impl Default for WhatsAppConfig {
    fn default() -> Self {
        Self {
            base_url: META.to_owned(),
            version: VERSION.to_owned(),
            media_hosts: vec![META_FILES.to_owned()],
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(20),
            media_timeout: Duration::from_secs(90),
        }
    }
}

/// A setting that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `WHATSAPP_API_BASE_URL`.
    #[error("WHATSAPP_API_BASE_URL {problem}")]
    BaseUrl {
        /// Why; the address itself is not repeated, it may hold a secret.
        problem: &'static str,
    },
    /// `WHATSAPP_API_VERSION`.
    #[error("WHATSAPP_API_VERSION must be v, a number, a dot and a number, such as {VERSION}")]
    Version,
    /// A host of files.
    #[error("{0:?} is not the name of a host")]
    MediaHost(String),
    /// A timeout that leaves no time, or that would say of a message that was never written that it may be on its way.
    #[error("the time for a request must be longer than the time for a connection, and neither may be zero")]
    Timeouts,
    /// Encryption could not be set up.
    #[error("could not set up encryption")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl WhatsAppConfig {
    /// Base address and version in one, ending in a slash.
    pub(super) fn root(&self) -> Result<Url, ConfigError> {
        if self.connect_timeout.is_zero() || self.request_timeout <= self.connect_timeout {
            return Err(ConfigError::Timeouts);
        }
        let mut root = self.base()?;
        if !is_version(&self.version) {
            return Err(ConfigError::Version);
        }
        let path = format!("{}/{}/", root.path().trim_end_matches('/'), self.version);
        root.set_path(&path);
        Ok(root)
    }

    /// The hosts a token may be shown to when a file is fetched.
    pub(super) fn hosts(&self) -> Result<Hosts, ConfigError> {
        let base = self.base()?;
        let mut names = Vec::with_capacity(self.media_hosts.len());
        for host in &self.media_hosts {
            let name = host.trim().to_ascii_lowercase();
            // Only what stays the same as a URL's host is a host: no port, path, credentials, spaces.
            let as_url = Url::parse(&format!("https://{name}/"));
            if as_url.is_ok_and(|url| url.host_str() == Some(&name) && url.port().is_none()) {
                names.push(name);
            } else {
                return Err(ConfigError::MediaHost(host.chars().take(100).collect()));
            }
        }
        let own = (base.as_str().trim_end_matches('/') != META).then(|| origin(&base));
        Ok(Hosts { names, own })
    }

    fn base(&self) -> Result<Url, ConfigError> {
        let wrong = |problem| ConfigError::BaseUrl { problem };
        let mut url = Url::parse(self.base_url.trim()).map_err(|_| wrong("is not a URL"))?;
        // Without encryption only where somebody asked for it by writing http://: a stand-in, or a proxy of one's own.
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("must begin with https:// or http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("must not hold credentials"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must not hold a query"));
        }
        if url.path_segments().is_some_and(|mut parts| parts.any(is_version)) {
            return Err(wrong("must not hold the version, which is WHATSAPP_API_VERSION"));
        }
        url.set_fragment(None);
        Ok(url)
    }
}

/// `v`, digits, a dot, digits.
fn is_version(text: &str) -> bool {
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

/// Scheme, host and port: what a connection is made to.
type Origin = (String, Option<String>, Option<u16>);

fn origin(url: &Url) -> Origin {
    (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default())
}

/// The hosts of files.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    names: Vec<String>,
    own: Option<Origin>,
}

impl Hosts {
    /// The address of a file, if a token may be shown there.
    pub(crate) fn allowed(&self, address: &str) -> Option<Url> {
        let url = Url::parse(address).ok()?;
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let host = url.host_str()?;
        let is_named =
            url.scheme() == "https" && url.port().is_none() && self.names.iter().any(|name| name == host);
        let is_own = self.own.as_ref().is_some_and(|own| origin(&url) == *own);
        (is_named || is_own).then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_base(base_url: &str) -> WhatsAppConfig {
        WhatsAppConfig { base_url: base_url.to_owned(), ..WhatsAppConfig::default() }
    }

    #[test]
    fn base_and_version_are_joined_with_exactly_one_slash() {
        let root = |base: &str| with_base(base).root().unwrap().to_string();
        assert_eq!(root(META), "https://graph.facebook.com/v26.0/");
        assert_eq!(root("https://graph.facebook.com///"), "https://graph.facebook.com/v26.0/");
        assert_eq!(root("http://127.0.0.1:9/graph"), "http://127.0.0.1:9/graph/v26.0/");
    }

    #[test]
    fn a_setting_that_cannot_work_is_named_and_not_repeated() {
        for base in
            ["", "graph.facebook.com", "ftp://host", "https://me:secret@host", "https://h?token=secret"]
        {
            let error = with_base(base).root().unwrap_err().to_string();
            assert!(error.starts_with("WHATSAPP_API_BASE_URL ") && !error.contains("secret"), "{error}");
        }
        let error = with_base("https://graph.facebook.com/v26.0").root().unwrap_err();
        assert!(error.to_string().contains("WHATSAPP_API_VERSION"), "{error}");
        for version in ["", "26.0", "v26", "v26.0/../x", "v.0", "vx.0", "latest"] {
            let config = WhatsAppConfig { version: version.to_owned(), ..WhatsAppConfig::default() };
            assert!(config.root().unwrap_err().to_string().starts_with("WHATSAPP_API_VERSION "), "{version}");
        }
    }

    #[test]
    fn a_request_has_more_time_than_its_connection() {
        let config = WhatsAppConfig { request_timeout: Duration::from_secs(5), ..WhatsAppConfig::default() };
        assert!(matches!(config.root(), Err(ConfigError::Timeouts)));
    }

    #[test]
    fn a_token_goes_to_the_hosts_of_files_by_https_only() {
        let hosts = WhatsAppConfig::default().hosts().unwrap();
        assert!(hosts.allowed("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1").is_some());
        for other in [
            "http://lookaside.fbsbx.com/x",
            "https://lookaside.fbsbx.com:8443/x",
            "https://lookaside.fbsbx.com.evil.example/x",
            "https://evil.example/lookaside.fbsbx.com",
            "https://lookaside.fbsbx.com@evil.example/x",
            "https://user:word@lookaside.fbsbx.com/x",
            "https://graph.facebook.com/x",
            "file:///etc/passwd",
            "",
        ] {
            assert!(hosts.allowed(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_stand_in_serves_files_too_at_its_own_port() {
        let hosts = with_base("http://127.0.0.1:9000").hosts().unwrap();
        assert!(hosts.allowed("http://127.0.0.1:9000/file").is_some());
        assert!(hosts.allowed("http://127.0.0.1:9001/file").is_none());
        assert!(hosts.allowed("http://localhost:9000/file").is_none());
    }

    #[test]
    fn a_host_of_files_is_a_name_and_nothing_more() {
        for wrong in ["", "https://a.example", "a.example/x", "a.example:80", "u@a.example", "a b"] {
            let config = WhatsAppConfig { media_hosts: vec![wrong.to_owned()], ..WhatsAppConfig::default() };
            assert!(matches!(config.hosts(), Err(ConfigError::MediaHost(_))), "{wrong}");
        }
    }
}
