//! Files that customers sent: an address that lives for five minutes, and what it leads to.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::digest;
use serde_json::{Value, json};

/// 5 minutes: WhatsApp Cloud API, media.
const ADDRESS_LIFE: Duration = Duration::from_mins(5);

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// Its type, such as `image/jpeg`.
    pub mime_type: String,
    /// What is in it.
    pub bytes: Bytes,
    /// What is claimed of it in place of its SHA-256.
    pub false_sha256: Option<String>,
}

impl MediaFile {
    /// A file with a true hash.
    pub fn new(mime_type: &str, bytes: impl Into<Bytes>) -> Self {
        Self { mime_type: mime_type.to_owned(), bytes: bytes.into(), false_sha256: None }
    }

    /// The SHA-256 in base64, as webhooks carry it.
    pub fn sha256(&self) -> String {
        let computed = || STANDARD.encode(digest::digest(&digest::SHA256, &self.bytes));
        self.false_sha256.clone().unwrap_or_else(computed)
    }
}

#[derive(Debug, Default)]
pub(super) struct Shelf {
    files: HashMap<String, MediaFile>,
    /// Each address that was given out, with the file's id and when.
    addresses: Vec<(String, Duration)>,
}

impl Shelf {
    pub(super) fn put(&mut self, id: &str, file: MediaFile) {
        self.files.insert(id.to_owned(), file);
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.files.contains_key(id)
    }

    /// Gives out an address for a file.
    pub(super) fn address(&mut self, base_url: &str, id: &str, now: Duration) -> Option<Value> {
        let file = self.files.get(id)?;
        let key = self.addresses.len();
        self.addresses.push((id.to_owned(), now));
        Some(json!({
            "url": format!("{base_url}/whatsapp_business/attachments/?mid={key}"),
            "mime_type": file.mime_type, "sha256": file.sha256(), "file_size": file.bytes.len(),
            "id": id, "messaging_product": "whatsapp",
        }))
    }

    /// What an address leads to, while it lives.
    pub(super) fn file(&self, query: &str, now: Duration) -> Option<MediaFile> {
        let key: usize = query.strip_prefix("mid=")?.parse().ok()?;
        let (id, given) = self.addresses.get(key)?;
        if *given + ADDRESS_LIFE <= now {
            return None;
        }
        self.files.get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_dies_after_five_minutes() {
        let mut shelf = Shelf::default();
        shelf.put("7", MediaFile::new("image/jpeg", "foto"));
        let told = shelf.address("http://graph", "7", Duration::ZERO).unwrap();
        assert_eq!(told["url"], "http://graph/whatsapp_business/attachments/?mid=0");
        assert!(shelf.file("mid=0", Duration::from_secs(299)).is_some());
        assert!(shelf.file("mid=0", Duration::from_mins(5)).is_none());
        assert!(
            shelf.file("mid=1", Duration::ZERO).is_none() && shelf.address("", "8", Duration::ZERO).is_none()
        );
    }
}
