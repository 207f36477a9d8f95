//! Looks for work and starts it: the same loop for turns, messages and files.
//!
//! Whoever makes work wakes a looker; a look every second is the safety net for work that another process made or a
//! wake-up that a crash took. A looker registers for the next wake-up *before* it looks, so that none is lost.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use pytake_assistant::Clock;
use pytake_assistant::error::StorageError;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest sleep between two looks, and the pause after a look that failed.
const POLL: Duration = Duration::from_secs(1);

/// A kind of work.
#[async_trait]
pub(crate) trait Work: Clone + Send + Sync + 'static {
    /// One piece of it.
    type Job: Send + 'static;

    /// Takes a piece, so that nobody else has it; `None`: there is none now.
    async fn take(&self) -> Result<Option<Self::Job>, StorageError>;

    /// How long until there is some, where that is known.
    async fn next_in(&self) -> Result<Option<Duration>, StorageError>;

    /// Does it. Must not fail: what goes wrong is written down by the work itself.
    async fn act(&self, job: Self::Job);
}

/// What a looker needs besides the work.
#[derive(Clone)]
pub(crate) struct Desk {
    /// For logs.
    pub(crate) name: &'static str,
    /// Wakes one looker.
    pub(crate) wake: Arc<Notify>,
    /// Pieces that may be worked on at the same time, shared by all lookers.
    pub(crate) slots: Arc<Semaphore>,
    /// Pieces in flight.
    pub(crate) jobs: TaskTracker,
    /// Spreads the looks of several processes.
    pub(crate) clock: Arc<dyn Clock>,
    /// Stops looking; what was taken is finished.
    pub(crate) shutdown: CancellationToken,
}

/// Keeps a task going that must not end before `shutdown`: one that breaks begins anew after a pause.
pub(crate) async fn keep_going<F: Future<Output = ()>>(
    name: &'static str,
    shutdown: &CancellationToken,
    begin: impl Fn() -> F,
) {
    while AssertUnwindSafe(begin()).catch_unwind().await.is_err() {
        tracing::error!(task = name, "a task of the channel broke and begins anew");
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Looks for work until the desk is shut.
pub(crate) async fn look<W: Work>(work: W, desk: Desk) {
    loop {
        // Both arms are cancel-safe: a permit that is not awaited to the end is not taken.
        let slot = tokio::select! {
            slot = Arc::clone(&desk.slots).acquire_owned() => slot,
            () = desk.shutdown.cancelled() => return,
        };
        let Ok(slot) = slot else { return };
        let woken = desk.wake.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let pause = match work.take().await {
            Ok(Some(job)) => {
                // Where there is one piece there may be more: another looker looks while this one starts the job.
                desk.wake.notify_one();
                let work = work.clone();
                desk.jobs.spawn(async move {
                    work.act(job).await;
                    drop(slot);
                });
                if desk.shutdown.is_cancelled() {
                    return;
                }
                continue;
            }
            Ok(None) => pause_before(&work, &desk).await,
            Err(error) => {
                tracing::warn!(work = desk.name, error = %error, "could not look for work");
                POLL
            }
        };
        drop(slot);
        // All arms are cancel-safe: a wake-up that is dropped is taken by the look that follows.
        tokio::select! {
            () = &mut woken => {}
            () = tokio::time::sleep(pause) => {}
            () = desk.shutdown.cancelled() => return,
        }
    }
}

/// Until the next piece is due, at most a second; spread by a quarter so that lookers do not march in step.
async fn pause_before<W: Work>(work: &W, desk: &Desk) -> Duration {
    let net = POLL.mul_f64(1.0 - fraction(desk.name, desk.clock.elapsed().subsec_nanos().into()) / 4.0);
    match work.next_in().await {
        Ok(Some(due)) => due.min(net),
        Ok(None) => net,
        Err(error) => {
            tracing::warn!(work = desk.name, error = %error, "could not ask when work is due");
            POLL
        }
    }
}

/// Does everything that is there, one piece after the other; how many there were. For tests.
pub(crate) async fn drain<W: Work>(work: &W) -> usize {
    let mut done = 0;
    loop {
        match work.take().await {
            Ok(Some(job)) => work.act(job).await,
            Ok(None) => return done,
            Err(error) => {
                tracing::warn!(error = %error, "could not look for work");
                return done;
            }
        }
        done += 1;
    }
}

/// A number from 0 to 1 that differs between texts and numbers, for pauses that should not end together. Not for
/// secrets: FNV-1a, mixed with the finaliser of SplitMix64.
pub(crate) fn fraction(text: &str, number: u64) -> f64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64 ^ number;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((hash ^ (hash >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::atomic::{AtomicU32, Ordering};

    use jiff::Timestamp;
    use parking_lot::Mutex;
    use pytake_assistant::clock::TestClock;

    use super::*;

    #[derive(Clone, Default)]
    struct List {
        waiting: Arc<Mutex<VecDeque<u32>>>,
        done: Arc<Mutex<Vec<u32>>>,
        running: Arc<Mutex<(usize, usize)>>,
    }

    #[async_trait]
    impl Work for List {
        type Job = u32;

        async fn take(&self) -> Result<Option<u32>, StorageError> {
            tokio::task::yield_now().await;
            Ok(self.waiting.lock().pop_front())
        }

        async fn next_in(&self) -> Result<Option<Duration>, StorageError> {
            Ok(None)
        }

        async fn act(&self, job: u32) {
            {
                let mut running = self.running.lock();
                running.0 += 1;
                running.1 = running.1.max(running.0);
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
            self.running.lock().0 -= 1;
            assert!(job != 13, "a job that breaks");
            self.done.lock().push(job);
        }
    }

    fn desk(slots: usize) -> Desk {
        Desk {
            name: "list",
            wake: Arc::default(),
            slots: Arc::new(Semaphore::new(slots)),
            jobs: TaskTracker::new(),
            clock: Arc::new(TestClock::at(Timestamp::UNIX_EPOCH)),
            shutdown: CancellationToken::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_done_within_the_slots_and_finished_at_shutdown() {
        let (list, desk) = (List::default(), desk(3));
        let lookers = [0, 1].map(|_| tokio::spawn(look(list.clone(), desk.clone())));
        tokio::time::sleep(Duration::from_secs(3)).await;
        list.waiting.lock().extend(1..=7);
        desk.wake.notify_one();
        tokio::time::sleep(Duration::from_secs(6)).await;
        desk.shutdown.cancel();
        for looker in lookers {
            looker.await.unwrap();
        }
        desk.jobs.close();
        desk.jobs.wait().await;
        assert_eq!(list.running.lock().1, 3, "at most as many at once as there are slots");
        let done = list.done.lock().len();
        assert_eq!(done + list.waiting.lock().len(), 7, "what was taken was finished");
        assert_eq!(done, 6);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_nobody_announced_is_found_within_a_second() {
        let (list, desk) = (List::default(), desk(1));
        let looker = tokio::spawn(look(list.clone(), desk.clone()));
        tokio::time::sleep(Duration::from_secs(3)).await;
        list.waiting.lock().push_back(1);
        tokio::time::sleep(Duration::from_millis(6_100)).await;
        assert_eq!(*list.done.lock(), [1]);
        desk.shutdown.cancel();
        looker.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_panics_gives_its_slot_back() {
        let (list, desk) = (List::default(), desk(1));
        let looker = tokio::spawn(look(list.clone(), desk.clone()));
        list.waiting.lock().extend([13, 14]);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(*list.done.lock(), [14]);
        desk.shutdown.cancel();
        looker.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_breaks_begins_anew() {
        let (begun, shutdown) = (AtomicU32::new(0), CancellationToken::new());
        keep_going("test", &shutdown, || async {
            assert!(begun.fetch_add(1, Ordering::Relaxed) >= 2, "a task that breaks twice");
        })
        .await;
        assert_eq!(begun.load(Ordering::Relaxed), 3);
        shutdown.cancel();
        keep_going("test", &shutdown, || async { panic!("a task that breaks at the end") }).await;
    }

    #[test]
    fn fractions_are_spread() {
        let all: Vec<f64> = (0..1_000).map(|n| fraction("outbox", n)).collect();
        assert!(all.iter().all(|f| (0.0..1.0).contains(f)));
        let mean = all.iter().sum::<f64>() / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
