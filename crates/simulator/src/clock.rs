//! The only place that reads the system's clocks.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the calendar time that goes into webhooks, and the monotonic time that calls are recorded with.
#[derive(Clone)]
pub struct Clock {
    started: Instant,
    unix_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("unix_ms", &self.unix_ms()).finish_non_exhaustive()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        Self::with_calendar(system_unix_ms)
    }

    /// A calendar of the caller's own, in milliseconds since 1970: for tests in which the server has such a one.
    #[expect(
        clippy::disallowed_methods,
        reason = "the seam of this crate, which knows none of the product's"
    )]
    pub fn with_calendar(unix_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { started: Instant::now(), unix_ms: Arc::new(unix_ms) }
    }

    /// The calendar in milliseconds since 1970.
    pub fn unix_ms(&self) -> u64 {
        (self.unix_ms)()
    }

    /// The calendar in seconds since 1970, as webhooks carry it.
    pub fn unix_seconds(&self) -> u64 {
        self.unix_ms() / 1000
    }

    /// Time since the clock was made; never goes back.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

#[expect(clippy::disallowed_methods, reason = "the seam of this crate, which knows none of the product's")]
fn system_unix_ms() -> u64 {
    // A clock before 1970 is shown as 1970.
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
