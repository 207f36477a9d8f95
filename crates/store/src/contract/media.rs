//! Files of customers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pytake_assistant::channel::{InboundContent, ItemId, MediaKind, MediaRef};

use super::Outcome;
use super::channel::{ANA, HOUR, Shop, ago, by_phone, now};
use super::sample::tenant;
use crate::{MediaState, StorageError, Store, WantedMedia};

fn reference(name: &str) -> MediaRef {
    MediaRef {
        id: format!("media-{name}"),
        mime_type: Some("application/pdf".to_owned()),
        sha256: None,
        file_name: Some(format!("{name}.pdf")),
        url: None,
    }
}

async fn send(shop: &Shop, id: &str) -> Result<(), StorageError> {
    let content = InboundContent::Media { kind: MediaKind::Document, media: reference(id), caption: None };
    shop.brings(shop.message(id, &by_phone(ANA), content)).await.map(drop)
}

async fn wanted(shop: &Shop, lease: Duration) -> Result<WantedMedia, StorageError> {
    Ok(shop.store.wanted_media(lease).await?.expect("a file is wanted"))
}

pub async fn a_file_is_wanted_once_and_by_one(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    send(&shop, "m1").await?;
    send(&shop, "m2").await?;
    send(&shop, "m1").await?;
    let first = wanted(&shop, Duration::ZERO).await?;
    assert_eq!((first.media, first.kind, first.attempt), (reference("m1"), MediaKind::Document, 1));
    assert_eq!((&first.tenant, &first.number), (&shop.tenant, &shop.number));
    let claim = shop.claims().await?;
    assert_eq!((claim.items[0].id, &claim.key.conversation), (first.item, &first.conversation));
    assert_eq!(wanted(&shop, HOUR).await?.media, reference("m2"), "the oldest first");
    let again = wanted(&shop, HOUR).await?;
    assert_eq!((again.item, again.attempt), (first.item, 2), "a lease that ran out is free");
    assert!(store.wanted_media(HOUR).await?.is_none());
    Ok(())
}

pub async fn a_large_file_reads_back_as_it_was(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    send(&shop, "m1").await?;
    let item = wanted(&shop, HOUR).await?.item;
    assert_eq!(store.media_state(&shop.tenant, item).await?, Some(MediaState::Wanted));
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let bytes = Bytes::from(bytes);
    store.put_media(item, "application/pdf", "abc", bytes.clone()).await?;
    store.put_media(item, "text/plain", "def", Bytes::from_static(b"late")).await?;
    assert_eq!(store.media_state(&shop.tenant, item).await?, Some(MediaState::Stored));
    let stored = store.media(&shop.tenant, item).await?.expect("it is stored");
    assert_eq!((stored.mime_type.as_str(), stored.sha256.as_str()), ("application/pdf", "abc"));
    assert_eq!(stored.file_name.as_deref(), Some("m1.pdf"));
    assert!(stored.bytes == bytes);
    assert!(store.wanted_media(HOUR).await?.is_none());
    assert!(store.media(&tenant("thief"), item).await?.is_none());
    assert!(store.media_state(&tenant("thief"), item).await?.is_none());
    assert!(store.media_state(&shop.tenant, ItemId(99)).await?.is_none());
    Ok(())
}

pub async fn a_file_that_cannot_be_had_is_wanted_again_or_given_up(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    send(&shop, "m1").await?;
    let item = wanted(&shop, HOUR).await?.item;
    store.media_failed(item, "busy", Some(Duration::ZERO)).await?;
    assert_eq!(wanted(&shop, HOUR).await?.attempt, 2);
    store.media_failed(item, "busy", Some(HOUR)).await?;
    assert!(store.wanted_media(HOUR).await?.is_none());
    assert_eq!(store.media_state(&shop.tenant, item).await?, Some(MediaState::Wanted));
    store.media_failed(item, "gone", None).await?;
    let failed = Some(MediaState::Failed("gone".to_owned()));
    assert_eq!(store.media_state(&shop.tenant, item).await?, failed);
    assert!(store.media(&shop.tenant, item).await?.is_none());
    Ok(())
}

pub async fn old_files_are_swept_so_many_at_a_time(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    for id in ["m1", "m2", "m3"] {
        send(&shop, id).await?;
    }
    let item = wanted(&shop, HOUR).await?.item;
    store.put_media(item, "application/pdf", "abc", Bytes::from_static(b"pdf")).await?;
    assert_eq!(store.sweep_media(ago(3_600), 10).await?, 0);
    assert_eq!(store.sweep_media(now(), 2).await?, 2);
    assert!(store.media(&shop.tenant, item).await?.is_none());
    assert_eq!(store.sweep_media(now(), 2).await?, 1);
    assert!(store.wanted_media(HOUR).await?.is_none());
    Ok(())
}

pub async fn a_large_file_is_swept_a_part_at_a_time(store: Arc<dyn Store>) -> Outcome {
    let shop = Shop::new(&store, "default");
    send(&shop, "m1").await?;
    let item = wanted(&shop, HOUR).await?.item;
    store.put_media(item, "application/pdf", "abc", Bytes::from(vec![7; 17 << 20])).await?;
    let mut calls = 0;
    while store.sweep_media(now(), 10).await? > 0 {
        calls += 1;
    }
    assert_eq!(calls, 2, "17 pieces");
    assert!(store.media(&shop.tenant, item).await?.is_none());
    Ok(())
}
