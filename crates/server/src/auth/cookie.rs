//! The cookie that carries a session.

use axum::http::{HeaderMap, HeaderValue, header};
use pytake_store::SESSION_LONGEST;
use secrecy::{ExposeSecret, SecretString};

use super::host;

/// Its name.
pub(crate) const NAME: &str = "pytake_session";

/// The session's secret, where the caller sent one.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    for value in headers.get_all(header::COOKIE) {
        let Ok(text) = value.to_str() else { continue };
        for pair in text.split(';') {
            let Some((name, value)) = pair.trim().split_once('=') else { continue };
            if name == NAME && !value.is_empty() {
                return Some(value);
            }
        }
    }
    None
}

/// What makes a browser keep the session. Scripts cannot read it, other sites cannot send it, and it travels only over
/// TLS, except to this machine itself.
pub(crate) fn keep(secret: &SecretString, request: &HeaderMap) -> HeaderValue {
    marked(write(secret.expose_secret(), SESSION_LONGEST.as_secs(), request))
}

/// What makes a browser forget it.
pub(crate) fn forget(request: &HeaderMap) -> HeaderValue {
    marked(write("", 0, request))
}

fn write(value: &str, max_age: u64, request: &HeaderMap) -> String {
    let secure = if host::is_loopback(request) { "" } else { "; Secure" };
    format!("{NAME}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age}{secure}")
}

fn marked(text: String) -> HeaderValue {
    let mut value =
        HeaderValue::try_from(text).expect("base64url and the attributes above are visible ASCII");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, text: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        for text in ["pytake_session=abc", "a=b; pytake_session=abc;c=d", "  pytake_session=abc ; a=1"] {
            assert_eq!(session(&headers(header::COOKIE, text)), Some("abc"), "{text}");
        }
        for text in ["", "pytake_session=", "xpytake_session=abc", "a=pytake_session=abc", "pytake_session"] {
            assert_eq!(session(&headers(header::COOKIE, text)), None, "{text}");
        }
    }

    #[test]
    fn the_cookie_needs_tls_except_on_this_machine() {
        let secret = SecretString::from("abc");
        let kept = |host| keep(&secret, &headers(header::HOST, host)).to_str().unwrap().to_owned();
        let bare = "pytake_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800";
        assert_eq!(kept("localhost:8080"), bare);
        assert_eq!(kept("pytake.example"), format!("{bare}; Secure"));
        assert!(!format!("{:?}", keep(&secret, &HeaderMap::new())).contains("abc"));
    }
}
