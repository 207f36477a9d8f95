//! Fetches customers' files in the background, at once: the channel's addresses live for minutes, its ids for days.

use std::time::Duration;

use async_trait::async_trait;
use pytake_assistant::channel::{FetchedMedia, MediaFailure};
use pytake_assistant::error::StorageError;
use pytake_store::WantedMedia;
use serde_json::json;

use crate::channel::Channel;
use crate::metrics;
use crate::work::Work;

/// The longest that one file takes: 16 MiB at 1.4 Mbit/s.
const FETCH_WITHIN: Duration = Duration::from_secs(100);
/// A file that was taken and not heard of again is free after this.
const LEASE: Duration = Duration::from_mins(3);
/// Waits after a failure that may pass; after as many the file is given up.
const RETRIES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];

/// Tries of a file that end without a result, a crash perhaps, before nobody tries any more.
const MAX_ATTEMPTS: u32 = 5;

/// Files, as work.
#[derive(Clone)]
pub(crate) struct Fetches(pub(crate) Channel);

#[async_trait]
impl Work for Fetches {
    type Job = WantedMedia;

    async fn take(&self) -> Result<Option<WantedMedia>, StorageError> {
        self.0.shared.store.wanted_media(LEASE).await
    }

    async fn next_in(&self) -> Result<Option<Duration>, StorageError> {
        Ok(None)
    }

    async fn act(&self, wanted: WantedMedia) {
        if let Err(error) = self.0.fetch(&wanted).await {
            // Its lease ends and it is fetched again.
            tracing::error!(item = wanted.item.0, error = %error, "could not write down what became of a file");
        }
        self.0.shared.wake.fetched.notify_waiters();
    }
}

impl Channel {
    #[tracing::instrument(level = "info", name = "fetch", skip_all, fields(item = wanted.item.0))]
    async fn fetch(&self, wanted: &WantedMedia) -> Result<(), StorageError> {
        if wanted.attempt > MAX_ATTEMPTS {
            // Each try before broke off without a word, perhaps because of this file.
            let failure = MediaFailure::Refused("fetching it broke off again and again".to_owned());
            return self.not_fetched(wanted, &failure).await;
        }
        let number = self.shared.numbers.current().await?.get(&wanted.number);
        let Some(access) = number.as_ref().and_then(|number| number.access.as_ref()) else {
            return self.not_fetched(wanted, &MediaFailure::Token("there is no token".to_owned())).await;
        };
        let call = self.shared.messenger.fetch(access, wanted.kind, &wanted.media);
        let result = match tokio::time::timeout(FETCH_WITHIN, call).await {
            Ok(result) => result,
            Err(_) => Err(MediaFailure::Temporary(format!("not there after {} s", FETCH_WITHIN.as_secs()))),
        };
        match result {
            Ok(FetchedMedia { file, sha256 }) => {
                tracing::info!(size_bytes = file.bytes.len(), mime_type = file.mime_type, "file stored");
                self.shared.store.put_media(wanted.item, &file.mime_type, &sha256, file.bytes).await?;
                metrics::media("stored");
                Ok(())
            }
            Err(failure) => self.not_fetched(wanted, &failure).await,
        }
    }

    async fn not_fetched(&self, wanted: &WantedMedia, failure: &MediaFailure) -> Result<(), StorageError> {
        let again = retry_in(failure, wanted.attempt);
        let why = failure.to_string();
        tracing::warn!(attempt = wanted.attempt, why, is_retried = again.is_some(), "file not fetched");
        self.shared.store.media_failed(wanted.item, &why, again).await?;
        metrics::media(if again.is_some() { "retried" } else { "failed" });
        if matches!(failure, MediaFailure::Token(_)) {
            let details = json!({"number": wanted.number.as_str(), "message": why});
            self.alarm(&wanted.tenant, Some(&wanted.conversation), "media_refused", &details);
        }
        Ok(())
    }
}

/// When a file is fetched again; `None`: never. `attempt` counts the one that failed.
fn retry_in(failure: &MediaFailure, attempt: u32) -> Option<Duration> {
    match failure {
        MediaFailure::Temporary(_) => RETRIES.get(attempt.saturating_sub(1) as usize).copied(),
        MediaFailure::Gone
        | MediaFailure::TooLarge { .. }
        | MediaFailure::Refused(_)
        | MediaFailure::Token(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_three_times() {
        let seconds = |attempt| {
            let failure = MediaFailure::Temporary("busy".to_owned());
            retry_in(&failure, attempt).map(|wait| wait.as_secs())
        };
        assert_eq!([seconds(1), seconds(2), seconds(3), seconds(u32::MAX)], [Some(5), Some(30), None, None]);
        assert_eq!(retry_in(&MediaFailure::Gone, 1), None);
        assert_eq!(retry_in(&MediaFailure::TooLarge { limit: 1 }, 1), None);
    }
}
