//! Secrets at rest: sealed with a key that is not in the database.
//!
//! ChaCha20-Poly1305 (RFC 8439) with a random nonce. What a secret is for is bound to it as associated data, so that a
//! sealed token cannot be moved to another tenant or field. Several keys may be known at once: the first seals, all of
//! them open, so that a key can be replaced while what it sealed is still in use.

mod key;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

use key::KEY_ID_BYTES;
pub use key::SealingKey;

/// The layout of [`Sealed`]: this byte, the key's id, the nonce, the ciphertext with its tag.
const VERSION: u8 = 1;

/// Bytes before the ciphertext.
const HEADER: usize = 1 + KEY_ID_BYTES + NONCE_LEN;

/// A sealed secret: opaque bytes, safe to store.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealingError {
    /// There is nothing to seal with.
    #[error("there is no key to seal secrets with")]
    NoKey,
    /// Not 32 bytes in base64.
    #[error("a sealing key is 32 random bytes in base64; this one {0}")]
    InvalidKey(&'static str),
    /// The system's random source failed.
    #[error("the system gave no random bytes")]
    NoRandomness,
    /// Not made by [`Sealer::seal`], or by a newer release.
    #[error("this is no sealed secret that this release knows")]
    Unreadable,
    /// Sealed with a key that is not among the known ones.
    #[error("the secret was sealed with the key {0}, which is not among the keys known here")]
    UnknownKey(String),
    /// Changed, or sealed for something else.
    #[error("the sealed secret was changed, or belongs to something else")]
    Forged,
    /// The key file holds something else than a key.
    #[error("the key file {} holds no sealing key (32 random bytes in base64): it {why}", .path.display())]
    NotAKeyFile {
        /// The file.
        path: std::path::PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// The key file cannot be read or made.
    #[error("could not {action} the key file {}", .path.display())]
    KeyFile {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Seals secrets and opens them.
#[derive(Clone)]
pub struct Sealer {
    keys: Vec<SealingKey>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("keys", &self.keys).finish()
    }
}

impl Sealer {
    /// Seals with the first key and opens with all of them.
    pub fn new(keys: Vec<SealingKey>) -> Self {
        Self { keys }
    }

    /// Seals a secret for one purpose: the same words, such as `access_token/shop/1234`, open it.
    ///
    /// # Errors
    /// [`SealingError::NoKey`], [`SealingError::NoRandomness`].
    pub fn seal(&self, secret: &SecretString, purpose: &str) -> Result<Sealed, SealingError> {
        let key = self.keys.first().ok_or(SealingError::NoKey)?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| SealingError::NoRandomness)?;
        let mut bytes =
            Vec::with_capacity(HEADER + secret.expose_secret().len() + CHACHA20_POLY1305.tag_len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&key.id());
        bytes.extend_from_slice(&nonce);
        let mut ciphertext = secret.expose_secret().as_bytes().to_vec();
        cipher(key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound(&bytes, purpose)),
                &mut ciphertext,
            )
            .map_err(|_| SealingError::Forged)?;
        bytes.extend_from_slice(&ciphertext);
        Ok(Sealed(bytes))
    }

    /// Whether the first key sealed it, as far as its header says.
    pub fn is_current(&self, sealed: &Sealed) -> bool {
        let id = sealed.0.get(1..=KEY_ID_BYTES);
        self.keys.first().is_some_and(|key| id == Some(key.id().as_slice()))
    }

    /// Opens a secret that was sealed for this purpose.
    ///
    /// # Errors
    /// [`SealingError::Unreadable`], [`SealingError::UnknownKey`], [`SealingError::Forged`].
    pub fn open(&self, sealed: &Sealed, purpose: &str) -> Result<SecretString, SealingError> {
        let (header, ciphertext) = sealed.0.split_at_checked(HEADER).ok_or(SealingError::Unreadable)?;
        let (version, rest) = header.split_first().ok_or(SealingError::Unreadable)?;
        let (id, nonce) = rest.split_at_checked(KEY_ID_BYTES).ok_or(SealingError::Unreadable)?;
        if *version != VERSION {
            return Err(SealingError::Unreadable);
        }
        let key = self.keys.iter().find(|key| key.id() == id);
        let key = key.ok_or_else(|| SealingError::UnknownKey(key::shown(id)))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealingError::Unreadable)?;
        let mut bytes = ciphertext.to_vec();
        let opened = cipher(key)?
            .open_in_place(nonce, Aad::from(bound(header, purpose)), &mut bytes)
            .map_err(|_| SealingError::Forged)?;
        let text = std::str::from_utf8(opened).map_err(|_| SealingError::Forged)?;
        Ok(SecretString::from(text))
    }
}

/// What is bound to a secret without being part of it: the header, so that no byte of it can be changed, and the
/// purpose.
fn bound(header: &[u8], purpose: &str) -> Vec<u8> {
    let mut bound = header.to_vec();
    bound.extend_from_slice(purpose.as_bytes());
    bound
}

fn cipher(key: &SealingKey) -> Result<LessSafeKey, SealingError> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.bytes())
        .map_err(|_| SealingError::InvalidKey("has another length"))?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: &str = "access_token/shop/1234";

    fn key() -> SealingKey {
        SealingKey::generate().unwrap()
    }

    fn token() -> SecretString {
        SecretString::from("EAAG-token")
    }

    #[test]
    fn a_secret_opens_as_it_was_and_is_not_to_be_seen() {
        let keys = Sealer::new(vec![key()]);
        let sealed = keys.seal(&token(), PURPOSE).unwrap();
        assert_eq!(keys.open(&sealed, PURPOSE).unwrap().expose_secret(), "EAAG-token");
        assert!(!sealed.0.windows(4).any(|part| part == b"EAAG"));
        assert_eq!(format!("{sealed:?}"), format!("Sealed({} bytes)", sealed.0.len()));
        assert_ne!(sealed, keys.seal(&token(), PURPOSE).unwrap(), "never the same twice");
    }

    #[test]
    fn a_secret_opens_for_its_own_purpose_only() {
        let keys = Sealer::new(vec![key()]);
        let sealed = keys.seal(&token(), PURPOSE).unwrap();
        for other in ["access_token/thief/1234", "app_secret/shop/1234", ""] {
            assert!(matches!(keys.open(&sealed, other), Err(SealingError::Forged)), "{other}");
        }
    }

    #[test]
    fn no_byte_of_a_sealed_secret_can_be_changed() {
        let keys = Sealer::new(vec![key()]);
        let sealed = keys.seal(&token(), PURPOSE).unwrap();
        for position in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[position] ^= 1;
            assert!(keys.open(&changed, PURPOSE).is_err(), "byte {position}");
        }
        for length in 0..sealed.0.len() {
            assert!(keys.open(&Sealed(sealed.0[..length].to_vec()), PURPOSE).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_replaced_key_opens_what_it_sealed_until_it_is_taken_away() {
        let (old, new) = (key(), key());
        let sealed = Sealer::new(vec![old.clone()]).seal(&token(), PURPOSE).unwrap();
        let both = Sealer::new(vec![new.clone(), old.clone()]);
        assert_eq!(both.open(&sealed, PURPOSE).unwrap().expose_secret(), "EAAG-token");
        let anew = both.seal(&token(), PURPOSE).unwrap();
        assert!(Sealer::new(vec![new.clone()]).open(&anew, PURPOSE).is_ok(), "the first key seals");
        assert!(both.is_current(&anew) && !both.is_current(&sealed) && !both.is_current(&Sealed(vec![1])));
        let refusal = Sealer::new(vec![new]).open(&sealed, PURPOSE).unwrap_err();
        assert!(matches!(refusal, SealingError::UnknownKey(_)), "{refusal}");
        assert!(matches!(Sealer::new(vec![]).seal(&token(), PURPOSE), Err(SealingError::NoKey)));
    }
}
