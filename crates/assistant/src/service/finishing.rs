//! Work that its caller drives, and that finishes also when the caller leaves.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TrackedFuture;

/// Runs in its caller's task, without the wake-ups of one of its own. When the caller drops it, the rest goes on
/// as a task: what a provider has answered is paid for and must be recorded.
pub(super) struct Finishing<F: Future<Output: Send> + Send + 'static> {
    rest: Option<Pin<Box<TrackedFuture<F>>>>,
}

impl<F: Future<Output: Send> + Send + 'static> Finishing<F> {
    /// Work that `tasks` waits for, wherever it runs.
    pub(super) fn new(tasks: &TaskTracker, work: F) -> Self {
        Self { rest: Some(Box::pin(tasks.track_future(work))) }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for Finishing<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(rest) = &mut self.rest else { return Poll::Pending };
        let done = rest.as_mut().poll(context);
        if done.is_ready() {
            self.rest = None;
        }
        done
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Finishing<F> {
    fn drop(&mut self) {
        // Work that panicked cannot go on; without a runtime nothing can.
        if let Some(rest) = self.rest.take().filter(|_| !std::thread::panicking())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_whose_caller_left_is_finished_and_waited_for() {
        let tasks = TaskTracker::new();
        let (go, gone) = oneshot::channel::<()>();
        let (said, heard) = oneshot::channel();
        let work = async move {
            let waited = gone.await.is_ok();
            let told = said.send("done").is_ok();
            waited && told
        };
        let mut working = Box::pin(Finishing::new(&tasks, work));
        assert!(futures::poll!(&mut working).is_pending());
        drop(working);
        go.send(()).unwrap();
        tasks.close();
        tasks.wait().await;
        assert_eq!(heard.await, Ok("done"));
    }

    #[tokio::test]
    async fn a_caller_who_stays_gets_the_result() {
        assert_eq!(Finishing::new(&TaskTracker::new(), async { 7 }).await, 7);
    }
}
