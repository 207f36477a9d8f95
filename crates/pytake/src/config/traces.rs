//! Where traces go: the standard variables of OpenTelemetry, as far as they concern an export over HTTP.

use std::fmt;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::read::Reader;

/// The export of traces.
#[derive(Debug, Clone)]
pub struct Traces {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: the collector's address, without `/v1/traces`.
    pub endpoint: String,
    /// `OTEL_EXPORTER_OTLP_HEADERS`: name and value.
    pub headers: Vec<(String, SecretString)>,
    /// `OTEL_SERVICE_NAME`
    pub service_name: String,
    /// `OTEL_TRACES_SAMPLER`
    pub sampling: Sampling,
}

/// Which traces are exported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Share of the traces that begin here, 0 to 1.
    pub share: f64,
    /// Whether a caller that traces decides instead, by its `traceparent` header.
    pub follows_caller: bool,
}

impl Traces {
    /// `None` without an endpoint. What is malformed is noted all the same.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let endpoint = reader.url("OTEL_EXPORTER_OTLP_ENDPOINT");
        let headers = headers(reader);
        let service_name = reader.text("OTEL_SERVICE_NAME").unwrap_or_default();
        let sampling = sampling(reader);
        Some(Self { endpoint: endpoint?, headers, service_name, sampling })
    }
}

/// Names and shares as in the OpenTelemetry specification, "General SDK Configuration".
fn sampling(reader: &mut Reader<'_>) -> Sampling {
    let names = [
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ];
    let sampler = reader.one_of("OTEL_TRACES_SAMPLER", &names);
    let ratio = reader.in_range("OTEL_TRACES_SAMPLER_ARG", 0.0..=1.0);
    let (follows_caller, kind) = match sampler.strip_prefix("parentbased_") {
        Some(kind) => (true, kind),
        None => (false, sampler.as_str()),
    };
    let share = match kind {
        "traceidratio" => ratio,
        "always_off" => 0.0,
        _ => 1.0,
    };
    Sampling { share, follows_caller }
}

/// `name=value,name=value`; values percent-encoded where they hold a comma or a space.
fn headers(reader: &mut Reader<'_>) -> Vec<(String, SecretString)> {
    const NAME: &str = "OTEL_EXPORTER_OTLP_HEADERS";
    let text = reader.text(NAME).unwrap_or_default();
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    let mut headers = Vec::new();
    for (number, part) in parts.into_iter().enumerate() {
        match header(part) {
            Ok(header) => headers.push(header),
            // Its number, not its text: that may be a secret.
            Err(problem) => reader.problem(NAME, format!("{problem} in part {}", number + 1)),
        }
    }
    headers
}

fn header(part: &str) -> Result<(String, SecretString), HeaderProblem> {
    let (name, value) = part.split_once('=').ok_or(HeaderProblem::Form)?;
    let name = name.trim();
    let is_name_character = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_name_character) {
        return Err(HeaderProblem::Name);
    }
    let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| HeaderProblem::Value)?;
    if !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Err(HeaderProblem::Value);
    }
    Ok((name.to_owned(), SecretString::from(value.into_owned())))
}

#[derive(Debug, Clone, Copy)]
enum HeaderProblem {
    Form,
    Name,
    Value,
}

impl fmt::Display for HeaderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "must be name=value pairs separated by commas, but is not",
            Self::Name => "has a name that no header can have",
            Self::Value => "has a value that is not printable ASCII",
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::{Config, ConfigError, Source};

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_source(&Source::of(variables))
    }

    fn traces(more: &[(&str, &str)]) -> Traces {
        let mut variables = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")];
        variables.extend_from_slice(more);
        config(&variables).unwrap().traces.unwrap()
    }

    #[test]
    fn without_an_endpoint_nothing_is_exported() {
        assert!(config(&[("OTEL_SERVICE_NAME", "shop")]).unwrap().traces.is_none());
    }

    #[test]
    fn an_endpoint_alone_exports_everything_as_pytake() {
        let traces = traces(&[]);
        assert_eq!(traces.service_name, "pytake");
        assert_eq!(traces.sampling, Sampling { share: 1.0, follows_caller: true });
        assert!(traces.headers.is_empty());
    }

    #[test]
    fn a_share_is_taken_by_the_samplers_that_have_one() {
        let ratio = ("OTEL_TRACES_SAMPLER_ARG", "0.1");
        let sampled = |name| traces(&[("OTEL_TRACES_SAMPLER", name), ratio]).sampling;
        assert_eq!(sampled("traceidratio"), Sampling { share: 0.1, follows_caller: false });
        assert_eq!(sampled("parentbased_traceidratio"), Sampling { share: 0.1, follows_caller: true });
        assert_eq!(sampled("always_off"), Sampling { share: 0.0, follows_caller: false });
        assert_eq!(sampled("always_on"), Sampling { share: 1.0, follows_caller: false });
    }

    #[test]
    fn headers_are_decoded_and_kept_secret() {
        let traces = traces(&[("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20dGVzdA==, x-team=shop")]);
        let shown: Vec<_> = traces.headers.iter().map(|(n, v)| (n.as_str(), v.expose_secret())).collect();
        assert_eq!(shown, [("Authorization", "Basic dGVzdA=="), ("x-team", "shop")]);
        assert!(!format!("{traces:?}").contains("dGVzdA"));
    }

    #[test]
    fn malformed_values_are_named_without_their_secrets() {
        let text = config(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-ok=1,topsecret,two words=topsecret,x=top%0Asecret"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ])
        .unwrap_err()
        .to_string();
        for name in ["_ENDPOINT", "in part 2", "in part 3", "in part 4", "_SAMPLER is", "_SAMPLER_ARG"] {
            assert!(text.contains(name), "{name} is missing in:\n{text}");
        }
        assert!(!text.contains("secret"), "{text}");
    }
}
