//! What can be wrong with a provider's configuration, found when it is built and not on the first message.

/// Why a provider or the model table could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The base URL cannot be used.
    #[error("base URL {url:?} {problem}")]
    BaseUrl {
        /// As configured; never holds credentials.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The key holds a character that no HTTP header may carry; its text is not repeated here.
    #[error("the API key of {provider} holds a character that cannot be sent in a header")]
    ApiKey {
        /// Whose key.
        provider: String,
    },
    /// A header value from the configuration cannot be sent.
    #[error("{name} {value:?} cannot be sent in a header")]
    Header {
        /// The header.
        name: &'static str,
        /// As configured.
        value: String,
    },
    /// No dialect of that name.
    #[error("unknown dialect {name:?}; known are {known}")]
    Dialect {
        /// As configured.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The machine's certificates could not be read, or the HTTP client could not be made from them.
    #[error("could not prepare encrypted connections")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An entry of the operator's model table is wrong.
    #[error("model table: {path}: {problem}")]
    Catalog {
        /// Where, as `providers.<provider>.<model>.prices[0]`.
        path: String,
        /// What is wrong there.
        problem: String,
    },
}
