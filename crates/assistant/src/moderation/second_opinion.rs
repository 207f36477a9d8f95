//! Asks a moderation model, within a time limit, and leaves it alone for a while where it does not answer.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::{ModerationOpinion, Moderator, metrics};
use crate::clock::Clock;
use crate::error::AIError;
use crate::guard::Guards;
use crate::id::TenantId;
use crate::provider::{Destination, ProviderFailure};
use crate::router::{Access, BreakerConfig, Terms, kind_name};
use crate::spans;
use crate::trail::AttemptRecord;

/// A moderation model with the memory of how it does.
pub(crate) struct SecondOpinion {
    moderator: Arc<dyn Moderator>,
    guards: Guards,
}

/// No opinion.
#[derive(Debug)]
pub(crate) enum Unheard {
    /// Nobody was asked: the tenant does not allow it, or its own key cannot be used.
    Denied,
    /// Nobody was asked: the last calls failed, and its pause is not over.
    Resting,
    /// It failed, or took too long.
    Failed(AttemptRecord),
}

impl Unheard {
    /// For a person; nothing of the text.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Denied => "may not be asked for this tenant".to_owned(),
            Self::Resting => "rests after failures".to_owned(),
            Self::Failed(attempt) => {
                format!("failed ({}) after {} ms", attempt.kind.map_or("unknown", kind_name), attempt.ms)
            }
        }
    }

    /// The error where nobody else's word will do.
    pub(crate) fn into_error(self, name: &str) -> AIError {
        match self {
            Self::Denied => AIError::ServiceUnavailable(format!(
                "{name} may not be asked for this tenant: its settings do not allow it, or its own key cannot be used"
            )),
            Self::Resting => AIError::ServiceUnavailable(format!(
                "{name} has failed several times in a row and is asked again in a while"
            )),
            Self::Failed(attempt) => AIError::ProviderError { attempts: vec![attempt] },
        }
    }
}

impl SecondOpinion {
    pub(crate) fn new(
        moderator: Arc<dyn Moderator>,
        timeout: Duration,
        config: BreakerConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        metrics::describe();
        Self { moderator, guards: Guards::new(timeout, config, clock) }
    }

    pub(crate) fn name(&self) -> &str {
        self.moderator.name()
    }

    /// Where it is asked, and with whose key by these terms.
    pub(crate) fn reached<'a>(&self, terms: &'a Terms) -> (Destination, Access<'a>) {
        let access = terms.access(self.name(), self.moderator.takes_own_keys());
        (self.moderator.destination(), access)
    }

    /// Asks about a text of a tenant's, with its own key where it has one, for no longer than the operator's limit and what is left of the request.
    pub(crate) async fn ask(
        &self,
        tenant: &TenantId,
        terms: &Terms,
        text: &str,
        time_left: Duration,
    ) -> Result<ModerationOpinion, Unheard> {
        let access = terms.access(self.name(), self.moderator.takes_own_keys());
        let guard = self.guards.of(tenant, access).ok_or(Unheard::Denied)?;
        let Some(pass) = guard.admit() else {
            metrics::rested(self.name());
            return Err(Unheard::Resting);
        };
        let span = spans::moderation_call(self.name());
        let call = async {
            match access {
                Access::Own { key, .. } => self.moderator.moderate_with_key(text, key).await,
                Access::Servers | Access::Denied => self.moderator.moderate(text).await,
            }
        };
        let asked = pass.call(time_left, call.instrument(span.clone())).await;
        match asked.answer {
            Ok(opinion) => {
                metrics::heard(self.name(), if opinion.flagged { "flagged" } else { "clear" }, asked.took);
                Ok(opinion)
            }
            Err(failure) => {
                let kind = kind_name(failure.kind);
                metrics::heard(self.name(), kind, asked.took);
                spans::provider_failed(&span, kind, None);
                tracing::warn!(provider = self.name(), kind, "there is no second opinion");
                Err(Unheard::Failed(self.attempt(failure, asked.took)))
            }
        }
    }

    fn attempt(&self, failure: ProviderFailure, took: Duration) -> AttemptRecord {
        AttemptRecord {
            provider: self.name().to_owned(),
            model: self.moderator.model().to_owned(),
            kind: Some(failure.kind),
            status: failure.status,
            ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            queued_ms: 0,
            message: Some(failure.message),
            usage: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::clock::TestClock;
    use crate::provider::FailureKind;

    /// Fails, hangs or agrees, and counts.
    #[derive(Debug)]
    struct Fake {
        fails: Option<FailureKind>,
        hangs: bool,
        calls: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl Moderator for Fake {
        fn name(&self) -> &'static str {
            "fake"
        }

        fn model(&self) -> &'static str {
            "fake-1"
        }

        async fn moderate(&self, _: &str) -> Result<ModerationOpinion, ProviderFailure> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            if self.hangs {
                std::future::pending::<()>().await;
            }
            match self.fails {
                Some(kind) => Err(ProviderFailure::new(kind, "told to")),
                None => Ok(ModerationOpinion::default()),
            }
        }
    }

    const LONG: Duration = Duration::from_secs(30);

    impl SecondOpinion {
        async fn ask_about_x(&self, time_left: Duration) -> Result<ModerationOpinion, Unheard> {
            self.ask(&TenantId::default_tenant(), &Terms::default(), "x", time_left).await
        }
    }

    fn asking(fails: Option<FailureKind>, hangs: bool) -> (SecondOpinion, Arc<AtomicUsize>, TestClock) {
        let clock = TestClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let fake = Fake { fails, hangs, calls: Arc::clone(&calls) };
        let timeout = Duration::from_millis(1_500);
        let config = BreakerConfig::default();
        (SecondOpinion::new(Arc::new(fake), timeout, config, Arc::new(clock.clone())), calls, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_fails_three_times_is_left_alone_and_asked_again_later() {
        let (second, calls, clock) = asking(Some(FailureKind::ServerError), false);
        for _ in 0..3 {
            assert!(matches!(second.ask_about_x(LONG).await, Err(Unheard::Failed(_))));
        }
        assert!(matches!(second.ask_about_x(LONG).await, Err(Unheard::Resting)));
        assert_eq!(calls.load(Ordering::SeqCst), 3);
        clock.advance(Duration::from_secs(6));
        assert!(matches!(second.ask_about_x(LONG).await, Err(Unheard::Failed(_))));
        assert_eq!(calls.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_key_is_not_tried_with_every_message() {
        let (second, calls, _clock) = asking(Some(FailureKind::Auth), false);
        for _ in 0..5 {
            second.ask_about_x(LONG).await.unwrap_err();
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_is_waited_for_no_longer_than_the_limit() {
        let (second, _calls, _clock) = asking(None, true);
        let asked = tokio::time::timeout(Duration::from_millis(1_510), second.ask_about_x(LONG)).await;
        let Ok(Err(Unheard::Failed(attempt))) = asked else { panic!("it waits or has an answer") };
        assert_eq!(attempt.kind, Some(FailureKind::Timeout));
        assert_eq!(attempt.message.as_deref(), Some("no answer in 1500 ms"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_time_says_nothing_about_it() {
        let (second, calls, _clock) = asking(None, true);
        for _ in 0..5 {
            second.ask_about_x(Duration::from_millis(1)).await.unwrap_err();
        }
        assert_eq!(calls.load(Ordering::SeqCst), 5);
    }
}
