//! Passwords: which are good enough, how they are kept, and how one is checked.
//!
//! argon2id with the first of OWASP's settings for it: 19 MiB, two passes, one lane. A check takes tens of milliseconds
//! and that much memory, so it runs on a blocking thread, few at a time.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use pytake_store::Email;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use tracing::error;

use crate::problem::Problem;

/// 16 bytes: RFC 9106, section 3.1, recommended for password hashing.
pub(crate) const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

// OWASP Password Storage Cheat Sheet, argon2id: m=19456 (19 MiB), t=2, p=1.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes computed at the same time. One: the smallest machine has two cores, and whoever tries passwords is not to have
/// both of them. That is 19 MiB, and some thirty people a second.
static WORKING: Semaphore = Semaphore::const_new(1);

/// Those, and who waits for them: at most a second or two of work. Everybody beyond is sent away.
static ROOM: Semaphore = Semaphore::const_new(32);

/// 12 characters at least, so that rules about their kinds are not needed (NIST SP 800-63B, section 5.1.1, asks for 8).
const MIN_CHARS: usize = 12;
/// 256 at most: longer than any sentence somebody types.
const MAX_CHARS: usize = 256;
/// Fewer different characters make a pattern, not a password.
const MIN_DIFFERENT: usize = 5;

/// The commonest beginnings of long passwords. What is left of a password without them must be of some length itself.
const COMMON: [&str; 30] = [
    "123456789",
    "987654321",
    "12345678",
    "1234567",
    "123456",
    "password",
    "passw0rd",
    "senha",
    "contrasena",
    "contraseña",
    "qwertyuiop",
    "qwerty",
    "asdfghjkl",
    "asdf",
    "zxcvbnm",
    "1q2w3e4r5t6y",
    "1q2w3e4r",
    "1qaz2wsx3edc",
    "1qaz2wsx",
    "abcdefghijkl",
    "abcdef",
    "abc123",
    "iloveyou",
    "teamo",
    "administrator",
    "admin",
    "welcome",
    "letmein",
    "changeme",
    "pytake",
];

/// Characters that have to be left besides what is common.
const MIN_UNCOMMON: usize = 6;

/// Says why a password is not good enough.
///
/// # Errors
/// What would be good enough, for people.
pub fn check_password(password: &SecretString, email: &Email) -> Result<(), &'static str> {
    let text = password.expose_secret();
    if !(MIN_CHARS..=MAX_CHARS).contains(&text.chars().count()) {
        return Err("must have 12 to 256 characters");
    }
    let mut rest = text.to_lowercase();
    let address = email.as_str();
    let name = address.split('@').next().unwrap_or(address);
    if rest.contains(address) || (name.chars().count() >= 4 && rest.contains(name)) {
        return Err("must not contain the e-mail address");
    }
    let mut different: Vec<char> = rest.chars().collect();
    different.sort_unstable();
    different.dedup();
    for common in COMMON {
        rest = rest.replace(common, "");
    }
    let is_left = rest.chars().filter(|character| character.is_alphanumeric()).count() >= MIN_UNCOMMON;
    if different.len() < MIN_DIFFERENT || !is_left {
        return Err("is too easily guessed; a sentence of a few words is better");
    }
    Ok(())
}

/// Hashes a password, in PHC form. Takes tens of milliseconds of this thread.
///
/// # Errors
/// There is no memory for it.
pub fn hash_password(password: &SecretString, salt: [u8; SALT_BYTES]) -> Result<String, argon2::Error> {
    let hash = digest(password, &salt)?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}"))
}

/// [`hash_password`] beside the runtime.
pub(super) async fn hash(password: SecretString, salt: [u8; SALT_BYTES]) -> Result<String, Problem> {
    in_turn(queue()?, move || hash_password(&password, salt)).await
}

/// Whether the password is the one of this hash. Without a hash, of somebody who does not exist, it is not, after the
/// same work.
pub(super) async fn is_right(
    turn: Turn,
    password: SecretString,
    kept: Option<String>,
) -> Result<bool, Problem> {
    in_turn(turn, move || {
        let kept = kept.as_deref().and_then(parse);
        let (salt, expected) = kept.unwrap_or(([0; SALT_BYTES], [0; HASH_BYTES]));
        let found = digest(&password, &salt)?;
        // Every byte is looked at, wherever the first difference is.
        let difference = found.iter().zip(expected).fold(0, |sum, (a, b)| sum | (a ^ b));
        Ok(kept.is_some() && difference == 0)
    })
    .await
}

/// The right to wait for the work on one password.
pub(super) struct Turn(SemaphorePermit<'static>);

/// Stands in the queue, if it has room.
///
/// # Errors
/// 503 where it has none.
pub(super) fn queue() -> Result<Turn, Problem> {
    ROOM.try_acquire().map(Turn).map_err(|why| match why {
        TryAcquireError::NoPermits => busy(),
        TryAcquireError::Closed => Problem::internal(),
    })
}

async fn in_turn<T, W>(Turn(_place): Turn, work: W) -> Result<T, Problem>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, argon2::Error> + Send + 'static,
{
    let turn = WORKING.acquire().await.map_err(|_| Problem::internal())?;
    let span = tracing::Span::current();
    let working = tokio::task::spawn_blocking(move || {
        // Held by the work itself: it goes on when its caller has gone.
        let _turn = turn;
        span.in_scope(work)
    });
    let done = working.await.map_err(|failure| {
        error!(error.message = %failure, "the work on a password broke");
        Problem::internal()
    })?;
    done.map_err(|failure| {
        error!(error.message = %failure, "could not hash a password");
        Problem::unavailable()
    })
}

fn busy() -> Problem {
    let message = "Too many are signing in at the moment; try again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message)
        .retry_after(Duration::from_secs(1))
}

fn digest(password: &SecretString, salt: &[u8; SALT_BYTES]) -> Result<[u8; HASH_BYTES], argon2::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES))?;
    let mut memory = vec![Block::new(); params.block_count()];
    let mut hash = [0; HASH_BYTES];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(
        password.expose_secret().as_bytes(),
        salt,
        &mut hash,
        &mut memory,
    )?;
    Ok(hash)
}

/// Salt and hash of the PHC form with the settings above; there are no others yet.
fn parse(kept: &str) -> Option<([u8; SALT_BYTES], [u8; HASH_BYTES])> {
    let settings = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$");
    let (salt, hash) = kept.strip_prefix(&settings)?.split_once('$')?;
    let salt = STANDARD_NO_PAD.decode(salt).ok()?.try_into().ok()?;
    let hash = STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?;
    Some((salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_good(password: &str) -> bool {
        check_password(&password.into(), &"ana.lima@example.com".parse().unwrap()).is_ok()
    }

    #[test]
    fn a_password_is_long_and_neither_the_address_nor_common() {
        for good in ["três gatos no telhado", "correct horse battery", "k7#Qz!m2Lp9@", &"ab12é".repeat(51)]
        {
            assert!(is_good(good), "{good}");
        }
        let long = "abcde1234".repeat(29);
        for bad in [
            "",
            "k7#Qz!m2Lp9",
            &long,
            "Ana.Lima@Example.com",
            "ana.lima e mais isso",
            "password1234",
            "Senha1234567",
            "123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaaaaaa",
            "abababababab",
            "admin admin admin",
        ] {
            assert!(!is_good(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_password_is_right_when_it_is_the_same() {
        let secret = || SecretString::from("três gatos no telhado");
        let kept = hash_password(&secret(), [7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(!kept.contains("gatos"));
        assert_eq!(is_right(queue().unwrap(), secret(), Some(kept.clone())).await, Ok(true));
        assert_eq!(
            is_right(queue().unwrap(), "três gatos no telhadO".into(), Some(kept.clone())).await,
            Ok(false)
        );
        assert_eq!(is_right(queue().unwrap(), secret(), None).await, Ok(false), "nobody's");
        for damaged in ["", "$argon2id$v=19$m=19456,t=2,p=1$$", &kept[..60], "plain"] {
            assert_eq!(
                is_right(queue().unwrap(), secret(), Some(damaged.to_owned())).await,
                Ok(false),
                "{damaged}"
            );
        }
    }
}
