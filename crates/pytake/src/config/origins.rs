//! `PYTAKE_CORS_ORIGINS`: pages of other origins that may use the API from a browser.

use super::read::Reader;

const NAME: &str = "PYTAKE_CORS_ORIGINS";

/// The origins, each once; what is none is a problem.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<String> {
    let text = reader.text(NAME).unwrap_or_default();
    let mut origins: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match problem(part) {
            Some(problem) => reader.problem(NAME, format!("has {part:?}; {problem}")),
            None if origins.iter().any(|origin| origin == part) => {}
            None => origins.push(part.to_owned()),
        }
    }
    origins
}

/// Browsers send an origin in exactly one spelling (<https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>);
/// another one would never be met.
fn problem(origin: &str) -> Option<&'static str> {
    if origin == "*" {
        return Some("everybody is no origin: name each of them");
    }
    let (default_port, authority) = match origin.split_once("://") {
        Some(("https", authority)) => (":443", authority),
        Some(("http", authority)) => (":80", authority),
        _ => return Some("an origin begins with https:// or http://"),
    };
    let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._:[]".contains(c);
    if authority.is_empty() || authority.starts_with(':') || !authority.chars().all(is_host) {
        return Some(
            "an origin is a scheme and a host in lower case, with a port at most: no path, no *, no spaces",
        );
    }
    if authority.ends_with(default_port) || authority.ends_with(':') {
        return Some("browsers leave the scheme's own port out of an origin");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Source};

    fn read(value: &str) -> Result<Vec<String>, String> {
        let config = Config::from_source(&Source::of(&[("PYTAKE_CORS_ORIGINS", value)]));
        config.map(|config| config.cors_origins).map_err(|error| error.to_string())
    }

    #[test]
    fn none_are_named_unless_somebody_does() {
        assert_eq!(Config::from_source(&Source::of(&[])).unwrap().cors_origins, Vec::<String>::new());
        let named =
            read("https://app.example, http://localhost:3000,https://app.example,http://[::1]:8080").unwrap();
        assert_eq!(named, ["https://app.example", "http://localhost:3000", "http://[::1]:8080"]);
    }

    #[test]
    fn what_no_browser_sends_is_refused_with_the_variables_name() {
        for wrong in [
            "*",
            "https://*.example",
            "app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://App.example",
            "https://app.example:443",
            "http://app.example:80",
            "https://user@app.example",
            "ftp://app.example",
            "https://",
            "null",
            "https://böse.example",
        ] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.contains("PYTAKE_CORS_ORIGINS has"), "{error}");
        }
    }
}
