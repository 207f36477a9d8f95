//! A customer's file: found, fetched, and checked before anybody else sees it.
//!
//! Nothing the webhook says is believed: the address must be of a host of files, the size is counted while reading, the
//! hash is computed, and the type is what the bytes say. An address that has expired is asked for anew by the file's id.

mod kinds;
mod sniff;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use pytake_assistant::channel::{
    Attachment, FetchedMedia, MediaFailure, MediaKind, MediaRef, NumberAccess, SendFailure, SendFailureKind,
};
use reqwest::{Response, Url};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::errors::failure;
use crate::graph::{Exchange, Hosts, is_plain_id, read_answer};

/// How often an address is asked for. Addresses live for 5 minutes; one that is gone at once is asked for once more,
/// then the file counts as gone.
const LOOKUPS: u32 = 2;

/// Finds, fetches and checks a file. The caller limits the time.
pub(crate) async fn fetch(
    exchange: &Exchange,
    hosts: &Hosts,
    from: &NumberAccess,
    kind: MediaKind,
    media: &MediaRef,
) -> Result<FetchedMedia, MediaFailure> {
    let limit = kinds::limit(kind);
    // The webhook's own address saves a call. If it is refused for any reason, asking by id tells which.
    if let Some(address) = media.url.as_deref().and_then(|url| hosts.allowed(url)) {
        match download(exchange, address, from, limit).await {
            Ok(bytes) => return checked(kind, bytes, &[media.sha256.as_deref()], media),
            Err(Refusal::Expired | Refusal::Denied(_)) => {}
            Err(Refusal::Failed(failure)) => return Err(failure),
        }
    }
    let mut denied = None;
    for _ in 0..LOOKUPS {
        let found = look_up(exchange, hosts, from, &media.id, limit).await?;
        match download(exchange, found.address, from, limit).await {
            Ok(bytes) => {
                return checked(kind, bytes, &[media.sha256.as_deref(), found.sha256.as_deref()], media);
            }
            Err(Refusal::Expired) => denied = None,
            Err(Refusal::Denied(failure)) => denied = Some(failure),
            Err(Refusal::Failed(failure)) => return Err(failure),
        }
    }
    Err(denied.unwrap_or(MediaFailure::Gone))
}

/// What Meta says about a file.
struct Found {
    address: Url,
    sha256: Option<String>,
}

/// Why an address gave no file.
enum Refusal {
    /// It does not know it, or not any more.
    Expired,
    /// It does not let this token.
    Denied(MediaFailure),
    /// Another address would not help.
    Failed(MediaFailure),
}

async fn look_up(
    exchange: &Exchange,
    hosts: &Hosts,
    from: &NumberAccess,
    id: &str,
    limit: u64,
) -> Result<Found, MediaFailure> {
    if !is_plain_id(id) {
        return Err(MediaFailure::Refused("the id of the file is not one of Meta's".to_owned()));
    }
    let query = [("phone_number_id", from.number.as_str())];
    let reply = exchange.get(id, &query, &from.access_token).await.map_err(not_looked_up)?;
    let found = read_answer(&reply).map_err(not_looked_up)?;
    let size = found.get("file_size").and_then(size);
    if size.is_some_and(|size| size > limit) {
        return Err(MediaFailure::TooLarge { limit });
    }
    let Some(address) = found.get("url").and_then(Value::as_str) else {
        return Err(MediaFailure::Temporary("Meta named no address for the file".to_owned()));
    };
    let Some(address) = hosts.allowed(address) else {
        return Err(MediaFailure::Refused("the file is at a host that gets no token".to_owned()));
    };
    let sha256 = found.get("sha256").and_then(Value::as_str).map(str::to_owned);
    Ok(Found { address, sha256 })
}

/// A number of bytes, also written as text (Meta's description says text, its examples both).
fn size(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// What a failed question about a file means for the file.
fn not_looked_up(failure: SendFailure) -> MediaFailure {
    use SendFailureKind as Kind;
    match failure.kind {
        Kind::NotSent
        | Kind::Unknown
        | Kind::Temporary
        | Kind::NumberRate
        | Kind::PairRate
        | Kind::SpamRate => MediaFailure::Temporary(failure.message),
        Kind::Token | Kind::Account => MediaFailure::Token(failure.message),
        // 100 with subcode 33, or 33: the object does not exist; 131052: Meta itself could not get it.
        Kind::MediaMissing => MediaFailure::Gone,
        Kind::BadRequest if matches!(failure.code, Some(33 | 100)) || failure.status == Some(404) => {
            MediaFailure::Gone
        }
        Kind::BadRequest
        | Kind::WindowClosed
        | Kind::Undeliverable
        | Kind::NotDelivered
        | Kind::MarketingStopped
        | Kind::MediaRefused
        | Kind::ToItself
        | Kind::NeedsPhone
        | Kind::Template
        | Kind::Other => MediaFailure::Refused(failure.message),
    }
}

async fn download(
    exchange: &Exchange,
    address: Url,
    from: &NumberAccess,
    limit: u64,
) -> Result<Bytes, Refusal> {
    let opened = exchange.open(address, &from.access_token).await;
    let mut response = opened.map_err(|failure| Refusal::Failed(not_looked_up(failure)))?;
    if let Some(refusal) = refusal(&response) {
        return Err(refusal);
    }
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(Refusal::Failed(MediaFailure::TooLarge { limit }));
    }
    let cut = |_| Refusal::Failed(MediaFailure::Temporary("the file was cut".to_owned()));
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(cut)? {
        if (bytes.len() + piece.len()) as u64 > limit {
            return Err(Refusal::Failed(MediaFailure::TooLarge { limit }));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

/// What the status of a download says, unless it is a file.
fn refusal(response: &Response) -> Option<Refusal> {
    let status = response.status().as_u16();
    match status {
        200 => None,
        404 | 410 => Some(Refusal::Expired),
        401 | 403 => {
            let why = format!("the file is refused with status {status}");
            Some(Refusal::Denied(MediaFailure::Token(why)))
        }
        // Following would show the token to another host.
        300..=399 => Some(Refusal::Failed(MediaFailure::Refused("the file is somewhere else".to_owned()))),
        _ => {
            let failed = failure(None, Some(status), format!("the file is refused with status {status}"));
            Some(Refusal::Failed(MediaFailure::Temporary(failed.message)))
        }
    }
}

/// Checks hash and type.
fn checked(
    kind: MediaKind,
    bytes: Bytes,
    announced: &[Option<&str>],
    media: &MediaRef,
) -> Result<FetchedMedia, MediaFailure> {
    let hash = Sha256::digest(&bytes);
    for announced in announced.iter().copied().flatten().filter_map(announced_hash) {
        if announced != hash.as_slice() {
            return Err(MediaFailure::Refused("the file is not the one that was announced".to_owned()));
        }
    }
    let Some(mime_type) = kinds::agreed_type(kind, &bytes, media.mime_type.as_deref()) else {
        return Err(MediaFailure::Refused(kinds::refusal(kind).to_owned()));
    };
    let sha256 = hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
        text
    });
    Ok(FetchedMedia { file: Attachment { mime_type: mime_type.to_owned(), bytes }, sha256 })
}

/// The 32 bytes of a hash in base64 (webhooks) or hex (`GET /{media_id}`); anything else announces nothing.
fn announced_hash(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if text.len() == 64 {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pairs = text.as_bytes().chunks_exact(2);
        return pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect();
    }
    let decoded = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?;
    (decoded.len() == 32).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_from_base64_and_from_hex() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let expected = Sha256::digest(b"").to_vec();
        assert_eq!(announced_hash(empty), Some(expected.clone()));
        assert_eq!(announced_hash(&empty.to_uppercase()), Some(expected.clone()));
        let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(announced_hash(base64), Some(expected.clone()));
        assert_eq!(announced_hash(base64.trim_end_matches('=')), Some(expected));
    }

    #[test]
    fn what_is_no_hash_announces_nothing() {
        for text in ["", "<HASH>", "abc", &"g".repeat(64), "é".repeat(32).as_str(), "AAAA"] {
            assert_eq!(announced_hash(text), None, "{text}");
        }
    }

    #[test]
    fn a_hash_that_does_not_match_refuses_the_file() {
        let file = Bytes::from_static(b"%PDF-1.7");
        let media = MediaRef { id: "1".into(), mime_type: None, sha256: None, file_name: None, url: None };
        let wrong = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let refused = checked(MediaKind::Document, file.clone(), &[None, Some(wrong)], &media);
        assert!(matches!(refused, Err(MediaFailure::Refused(_))));
        let taken = checked(MediaKind::Document, file, &[None, Some("<HASH>")], &media).unwrap();
        assert_eq!(taken.file.mime_type, "application/pdf");
        assert_eq!(taken.sha256.len(), 64);
    }
}
