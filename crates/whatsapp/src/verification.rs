//! The handshake by which Meta finds out that a webhook's address is ours: a GET with a token we gave it, answered
//! with its challenge. It carries no signature.

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The longest challenge that is given back: ours to choose, Meta's have some ten digits.
const MAX_CHALLENGE_CHARS: usize = 1_000;

/// The query of the handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Verification {
    /// `subscribe`.
    #[serde(rename = "hub.mode")]
    pub mode: Option<String>,
    /// What was entered at Meta.
    #[serde(rename = "hub.verify_token")]
    pub token: Option<String>,
    /// What Meta wants to read.
    #[serde(rename = "hub.challenge")]
    pub challenge: Option<String>,
}

/// Gives the challenge back, to be sent as `text/plain`, where the token is one of ours; `None` is to be refused.
pub fn answer(query: &Verification, tokens: &[SecretString]) -> Option<String> {
    if query.mode.as_deref() != Some("subscribe") {
        return None;
    }
    let given = query.token.as_deref()?;
    let challenge = query.challenge.as_deref()?;
    if challenge.chars().nth(MAX_CHALLENGE_CHARS).is_some() {
        return None;
    }
    let mut is_ours = false;
    for token in tokens {
        is_ours |= is_equal(given, token);
    }
    is_ours.then(|| challenge.to_owned())
}

/// Compares in constant time, whatever the lengths. An empty token is nobody's.
fn is_equal(given: &str, token: &SecretString) -> bool {
    let token = token.expose_secret().as_bytes();
    let key = hmac::Key::new(hmac::HMAC_SHA256, token);
    !token.is_empty() && hmac::verify(&key, given.as_bytes(), hmac::sign(&key, token).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(mode: &str, token: &str, challenge: &str) -> Verification {
        Verification {
            mode: Some(mode.to_owned()),
            token: Some(token.to_owned()),
            challenge: Some(challenge.to_owned()),
        }
    }

    fn tokens() -> [SecretString; 3] {
        [SecretString::from("first"), SecretString::from(""), SecretString::from("second")]
    }

    #[test]
    fn one_of_our_tokens_gets_the_challenge_back() {
        for token in ["first", "second"] {
            assert_eq!(
                answer(&query("subscribe", token, "1158201444"), &tokens()).as_deref(),
                Some("1158201444")
            );
        }
    }

    #[test]
    fn anything_else_gets_nothing() {
        for (mode, token) in
            [("subscribe", "third"), ("subscribe", ""), ("unsubscribe", "first"), ("", "first")]
        {
            assert_eq!(answer(&query(mode, token, "1"), &tokens()), None, "{mode} {token}");
        }
        assert_eq!(answer(&query("subscribe", "first", "1"), &[]), None);
        assert_eq!(answer(&Verification::default(), &tokens()), None);
        let without_challenge = Verification { challenge: None, ..query("subscribe", "first", "") };
        assert_eq!(answer(&without_challenge, &tokens()), None);
    }

    #[test]
    fn an_endless_challenge_is_refused() {
        let longest = "ç".repeat(MAX_CHALLENGE_CHARS);
        assert_eq!(answer(&query("subscribe", "first", &longest), &tokens()), Some(longest.clone()));
        assert_eq!(answer(&query("subscribe", "first", &format!("{longest}1")), &tokens()), None);
    }
}
