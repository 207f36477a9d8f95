//! An export as lines of JSON: a header, everything that is kept, and an end that says how many lines there were.
//!
//! Pages are read one after the other, so that ten thousand messages take as much memory as a hundred. What changes
//! meanwhile may be in it or not; the end tells a whole export from one that was cut off.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use serde::Serialize;
use serde_json::{Value, json};

use super::{DataCounts, ExportPlace, Privacy, Subject};

/// Version of the lines; grows when one of them changes its meaning.
pub const EXPORT_VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, Serialize)]
pub struct ExportHeader {
    kind: &'static str,
    version: u32,
    tenant_id: String,
    users: Vec<String>,
    exported_at: Timestamp,
    counts: DataCounts,
}

/// An export under way.
pub struct Export {
    store: Arc<dyn Privacy>,
    subject: Subject,
    header: Option<ExportHeader>,
    place: Option<ExportPlace>,
    lines: u64,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("place", &self.place)
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

impl Export {
    /// Begins an export.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin(
        store: Arc<dyn Privacy>,
        subject: Subject,
        at: Timestamp,
    ) -> Result<Self, StorageError> {
        let counts = store.data_counts(&subject).await?;
        let header = ExportHeader {
            kind: "header",
            version: EXPORT_VERSION,
            tenant_id: subject.tenant.to_string(),
            users: subject.users.iter().map(ToString::to_string).collect(),
            exported_at: at,
            counts,
        };
        Ok(Self { store, subject, header: Some(header), place: Some(ExportPlace::default()), lines: 0 })
    }

    /// The next lines; `None`: that was all.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, StorageError> {
        if let Some(header) = self.header.take() {
            self.lines += 1;
            return Ok(Some(vec![json!(header)]));
        }
        let Some(place) = self.place.take() else { return Ok(None) };
        let page = self.store.export_page(&self.subject, place).await?;
        let mut lines = page.lines;
        self.lines += lines.len() as u64;
        self.place = page.next;
        if self.place.is_none() {
            lines.push(json!({"kind": "end", "lines": self.lines + 1}));
        }
        Ok(Some(lines))
    }

    /// [`next`](Self::next) as text, a line each.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next_text(&mut self) -> Result<Option<Bytes>, StorageError> {
        let Some(lines) = self.next().await? else { return Ok(None) };
        let mut text = String::new();
        for line in lines {
            text.push_str(&line.to_string());
            text.push('\n');
        }
        Ok(Some(Bytes::from(text)))
    }
}
