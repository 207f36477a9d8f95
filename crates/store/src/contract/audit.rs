//! The audit log.

use std::sync::Arc;

use pytake_assistant::Author;

use super::Outcome;
use super::sample::{at, tenant};
use crate::{AuditEntry, AuditFilter, Store};

fn entry(whose: &str, at_ms: i64) -> AuditEntry {
    AuditEntry {
        tenant: tenant(whose),
        at: at(at_ms),
        author: Author::key("k1"),
        action: "DELETE /api/v1/keys/{id}".to_owned(),
        object: [("id".to_owned(), format!("k{at_ms}"))].into(),
        status: Some(204),
        request_id: Some(format!("r{at_ms}")),
        peer: Some("203.0.113.7".to_owned()),
    }
}

fn all() -> AuditFilter {
    AuditFilter { limit: 200, ..AuditFilter::default() }
}

pub async fn an_entry_reads_back_as_it_was(store: Arc<dyn Store>) -> Outcome {
    let request = entry("shop", 1);
    let command = AuditEntry::by_command(tenant("shop"), at(2), "keys revoke", &[("key_id", "k1")]);
    store.note_audit(&request).await?;
    store.note_audit(&command).await?;
    let page = store.audit(&tenant("shop"), all()).await?;
    assert_eq!(page.items, [command, request], "newest first");
    assert_eq!(page.next, None);
    assert!(store.audit(&tenant("other"), all()).await?.items.is_empty());
    Ok(())
}

pub async fn pages_hold_every_entry_once(store: Arc<dyn Store>) -> Outcome {
    // Several at the same instant.
    for n in 0..7 {
        store.note_audit(&entry("shop", n / 3)).await?;
        store.note_audit(&entry("other", n / 3)).await?;
    }
    let mut filter = AuditFilter { limit: 2, ..AuditFilter::default() };
    let mut instants = Vec::new();
    loop {
        let page = store.audit(&tenant("shop"), filter.clone()).await?;
        instants.extend(page.items.iter().map(|entry| entry.at));
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(instants, [2, 1, 1, 1, 0, 0, 0].map(at));
    Ok(())
}

pub async fn entries_are_narrowed(store: Arc<dyn Store>) -> Outcome {
    for n in 0..4 {
        store.note_audit(&entry("shop", n)).await?;
    }
    store.note_audit(&AuditEntry { author: Author::operator("o1"), ..entry("shop", 4) }).await?;
    store.note_audit(&AuditEntry { action: "keys revoke".to_owned(), ..entry("shop", 5) }).await?;
    let seen = async |filter| {
        let page = store.audit(&tenant("shop"), filter).await?;
        Ok::<_, crate::StorageError>(page.items.into_iter().map(|entry| entry.at).collect::<Vec<_>>())
    };
    let between = AuditFilter { from: Some(at(1)), to: Some(at(3)), ..all() };
    assert_eq!(seen(between).await?, [2, 1].map(at));
    let by_author = AuditFilter { author: Some("operator:o1".to_owned()), ..all() };
    assert_eq!(seen(by_author).await?, [at(4)]);
    let by_action = AuditFilter { action: Some("keys revoke".to_owned()), ..all() };
    assert_eq!(seen(by_action).await?, [at(5)]);
    let malformed = AuditFilter { after: Some("no cursor".to_owned()), ..all() };
    assert_eq!(seen(malformed).await?.len(), 6);
    Ok(())
}

pub async fn old_entries_are_swept(store: Arc<dyn Store>) -> Outcome {
    for n in 0..4 {
        store.note_audit(&entry("shop", n)).await?;
    }
    store.note_audit(&entry("other", 0)).await?;
    assert_eq!(store.sweep_audit(&tenant("shop"), at(3)).await?, 3);
    assert_eq!(store.sweep_audit(&tenant("shop"), at(3)).await?, 0);
    assert_eq!(store.audit(&tenant("shop"), all()).await?.items, [entry("shop", 3)]);
    assert_eq!(store.audit(&tenant("other"), all()).await?.items.len(), 1, "another tenant's stay");
    Ok(())
}
