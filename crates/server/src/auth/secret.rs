//! What the secrets of API keys and sessions look like, and what is kept of them.
//!
//! A secret is 256 random bits, so a plain hash is enough to keep it safe: there is nothing to guess, and a
//! slow password hash would cost every request milliseconds.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Makes scanners of leaked secrets, and people, recognise a key.
const PREFIX: &str = "pytake_";

/// Characters of the random part that are kept and shown, to tell keys apart.
const SHOWN: usize = 8;

/// A new secret from 32 random bytes: `pytake_` and 43 characters of base64url.
pub fn new_secret(random: [u8; 32]) -> SecretString {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)).into()
}

/// 256 bits from the operating system, for a secret. No test wants to own them.
///
/// # Errors
/// The system has no randomness to give.
pub fn random_secret() -> Result<[u8; 32], getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    Ok(random)
}

/// The secret of a session from 32 random bytes: 43 characters of base64url, as they may stand in a cookie.
pub(crate) fn session_secret(random: [u8; 32]) -> SecretString {
    URL_SAFE_NO_PAD.encode(random).into()
}

/// What the store keeps instead of the secret: SHA-256 of the whole text.
pub fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The first 8 characters after `pytake_`: what listings show of a key.
pub fn shown_prefix(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    text.strip_prefix(PREFIX).unwrap_or(text).chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognisable_and_safe_in_a_header() {
        let secret = new_secret([0xfb; 32]);
        let text = secret.expose_secret();
        assert_eq!(text.len(), 7 + 43);
        assert!(text.starts_with("pytake_-_v7"), "{text}");
        assert_eq!(shown_prefix(&secret), "-_v7-_v7");
    }

    #[test]
    fn the_hash_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(hash_secret("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
