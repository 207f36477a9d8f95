//! Sessions: who is signed in, and how often signing in was tried.
//!
//! Only the hash of a session's secret is stored. An ended session is gone.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;

use crate::operators::OperatorRecord;

/// A session ends after so long without a request: a working day (OWASP, session management: hours for low-risk use).
pub const SESSION_IDLE: Duration = Duration::from_hours(12);

/// A session ends after so long whatever happens.
pub const SESSION_LONGEST: Duration = Duration::from_hours(7 * 24);

/// Sessions an operator may have at once; the oldest ends for one more.
pub const SESSIONS_PER_OPERATOR: usize = 20;

/// A session as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its id, unique on the server. Opens nothing.
    pub id: String,
    /// The operator's tenant.
    pub tenant: TenantId,
    /// Whose it is.
    pub operator: String,
    /// SHA-256 of the cookie, which has 256 random bits.
    pub secret_hash: [u8; 32],
    /// What the browser called itself.
    pub user_agent: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used; exact to about a minute.
    pub last_seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

impl SessionRecord {
    /// Whether it opens anything at this instant.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        let is_idle = now.checked_sub(SESSION_IDLE).is_ok_and(|earliest| self.last_seen_at <= earliest);
        now < self.expires_at && !is_idle
    }
}

impl fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRecord")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("operator", &self.operator)
            .field("created_at", &self.created_at)
            .field("last_seen_at", &self.last_seen_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A session, whose it is, and how things stand with the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// The session.
    pub session: SessionRecord,
    /// Whose.
    pub operator: OperatorRecord,
    /// Whether the operator's tenant is suspended.
    pub is_suspended: bool,
}

/// For what tries to sign in are counted: a hash, so that nothing a stranger typed is kept.
pub type CountedFor = [u8; 32];

/// Stores sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Stores a new session of an operator, while they have the password they had when they were read and are not
    /// disabled; false otherwise. Their sessions that are not valid at its beginning go, and the oldest beyond
    /// [`SESSIONS_PER_OPERATOR`].
    async fn create_session(
        &self,
        session: &SessionRecord,
        as_read: &OperatorRecord,
    ) -> Result<bool, StorageError>;

    /// The session with this hash and its operator, also when it is no longer valid or the operator is disabled. Called
    /// on every request with a cookie: a point read.
    async fn session_by_hash(&self, secret_hash: &[u8; 32]) -> Result<Option<KnownSession>, StorageError>;

    /// A tenant's sessions, or those of one operator, oldest first; also what is no longer valid.
    async fn sessions(
        &self,
        tenant: &TenantId,
        operator: Option<&str>,
    ) -> Result<Vec<SessionRecord>, StorageError>;

    /// Notes that a session was used.
    async fn touch_session(&self, tenant: &TenantId, id: &str, at: Timestamp) -> Result<(), StorageError>;

    /// Ends a tenant's session, or with an operator only one of theirs; false when there is none such.
    async fn end_session(
        &self,
        tenant: &TenantId,
        operator: Option<&str>,
        id: &str,
    ) -> Result<bool, StorageError>;
}

/// Counts tries to sign in, across restarts.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// Takes a try: counts it as failed for each of these, unless one of them has to wait; then none is counted, and the
    /// answer is the longest wait. Atomic, so that tries at the same time cannot slip through together. What was counted
    /// while the clock was ahead counts as counted now: nobody waits for a clock.
    async fn take_try(
        &self,
        counted_for: &[CountedFor],
        now: Timestamp,
    ) -> Result<Option<Duration>, StorageError>;

    /// The try succeeded: forgets everything counted for `account`, and takes one off the others.
    async fn try_succeeded(&self, account: &CountedFor, others: &[CountedFor]) -> Result<(), StorageError>;
}

/// Failures in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last_at: Timestamp,
}

impl Failures {
    /// The first failures are free: people mistype.
    const FREE: u32 = 5;
    /// Failures count together while no pause between them is longer, their wait aside; and no wait is longer.
    pub const WINDOW: Duration = Duration::from_mins(15);

    /// How long the next try has to wait at this instant; 1 s after five failures, doubling up to 15 minutes.
    pub fn wait(self, now: Timestamp) -> Option<Duration> {
        let end = self.last_at.checked_add(self.pause()).unwrap_or(Timestamp::MAX);
        let left = Duration::try_from(end.duration_since(now)).ok()?;
        (!left.is_zero()).then_some(left)
    }

    /// One failure more.
    #[must_use]
    pub fn and_one(self, now: Timestamp) -> Self {
        let forgotten = self.last_at.checked_add(self.pause() + Self::WINDOW).unwrap_or(Timestamp::MAX);
        let count = if now < forgotten { self.count.saturating_add(1) } else { 1 };
        Self { count, last_at: now }
    }

    fn pause(self) -> Duration {
        let Some(beyond) = self.count.checked_sub(Self::FREE) else { return Duration::ZERO };
        let seconds = 1_u64.checked_shl(beyond).unwrap_or(u64::MAX);
        Duration::from_secs(seconds).min(Self::WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_session_ends_when_it_is_idle_or_old() {
        let hours = |hours: i64| at(hours * 3_600);
        let session = SessionRecord {
            id: "s1".into(),
            tenant: TenantId::default_tenant(),
            operator: "o1".into(),
            secret_hash: [7; 32],
            user_agent: "Firefox".into(),
            created_at: hours(0),
            last_seen_at: hours(160),
            expires_at: hours(168),
        };
        assert!(session.is_valid(hours(161)));
        assert!(!session.is_valid(hours(168)), "old");
        let idle = SessionRecord { last_seen_at: hours(0), ..session };
        assert!(idle.is_valid(hours(11)) && !idle.is_valid(hours(12)));
        assert!(!format!("{idle:?}").contains('['), "the hash is not for logs");
    }

    #[test]
    fn waits_begin_after_five_failures_and_double() {
        let waits: Vec<u64> = (1..=18)
            .map(|count| Failures { count, last_at: at(0) }.wait(at(0)).map_or(0, |wait| wait.as_secs()))
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
        assert_eq!(Failures { count: u32::MAX, last_at: at(0) }.wait(at(1)), Some(Duration::from_secs(899)));
        assert_eq!(Failures { count: 5, last_at: at(0) }.wait(at(1)), None);
    }

    #[test]
    fn failures_are_forgotten_a_while_after_their_wait() {
        let many = Failures { count: 5, last_at: at(0) };
        assert_eq!(many.and_one(at(900)).count, 6);
        assert_eq!(many.and_one(at(901)).count, 1);
        assert_eq!(Failures { count: 1, last_at: at(0) }.and_one(at(900)).count, 1);
    }
}
