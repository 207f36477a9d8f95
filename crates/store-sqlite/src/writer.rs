//! The thread that writes: takes what is queued, runs it in one transaction, answers after the commit.
//!
//! A job that comes alone is committed at once; under load the queue fills while a commit runs, and the next
//! commit carries all of it. A batch is committed whole. When one of its jobs fails, the batch is rolled back
//! and its jobs are run again, each in its own transaction, so that only the one that fails is refused. That
//! costs the rare failure twice the work, and spares every job the savepoint that would otherwise guard it.
//!
//! Jobs that must survive a power cut are committed with `synchronous = FULL`: their log is on the disk before anybody
//! is answered, and with it all that was committed before. Every other job is committed with `NORMAL` and waits for no
//! disk; those of a mixed batch are committed and answered first. Nobody's work overtakes what the same caller waited
//! for: its answer came before.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::error::{OpenError, SqliteFailure};

/// Jobs in one transaction at most: bounds how long the first of them waits. A quarter of the queue.
const BATCH: usize = 256;

/// Jobs that wait at most; whoever brings one more waits for a place. At 40 µs a job a full queue is 40 ms.
const QUEUE: usize = 1_024;

/// Hands work to the writing thread.
#[derive(Debug)]
pub(crate) struct Writer {
    path: Arc<Path>,
    /// `None` once closed.
    jobs: RwLock<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(connection: Connection, path: &Arc<Path>) -> Result<Self, OpenError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let of = Arc::clone(path);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_until_closed(connection, &of, receiver))
            .map_err(|source| OpenError::Thread { path: path.to_path_buf(), source })?;
        Ok(Self { path: Arc::clone(path), jobs: RwLock::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs work in a transaction and returns what it returned once that is committed. The work runs again when
    /// another job of its batch fails, and must not depend on having run once.
    ///
    /// # Cancel safety
    /// Work that was queued is done even when nobody waits for it any more.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, SqliteFailure>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.queue(work, Durability::OfTheProcess).await
    }

    /// [`run`](Self::run), and what is written survives a power cut once this returns.
    pub(crate) async fn run_durably<T, W>(&self, work: W) -> Result<T, SqliteFailure>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.queue(work, Durability::OfTheDisk).await
    }

    async fn queue<T, W>(&self, work: W, durability: Durability) -> Result<T, SqliteFailure>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let closed = || SqliteFailure::Closed { path: Arc::clone(&self.path) };
        let sender = self.jobs.read().clone().ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        sender
            .send(Box::new(Pending { work, durability, outcome: None, reply }))
            .await
            .map_err(|_| closed())?;
        drop(sender);
        answer.await.map_err(|_| closed())?
    }

    /// Finishes what is queued and ends the thread. Later work is refused.
    pub(crate) fn close(&self) {
        self.jobs.write().take();
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(path = %self.path.display(), "the thread that writes the database panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// What a commit outlives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Durability {
    /// The end of this process, however it ends.
    OfTheProcess,
    /// A power cut too.
    OfTheDisk,
}

/// Work with the one who waits for it, whatever its result is.
trait Job: Send {
    fn durability(&self) -> Durability;
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, committed: Result<(), SqliteFailure>);
}

struct Pending<T, W> {
    work: W,
    durability: Durability,
    outcome: Option<T>,
    reply: oneshot::Sender<Result<T, SqliteFailure>>,
}

impl<T, W> Job for Pending<T, W>
where
    T: Send,
    W: FnMut(&Connection) -> rusqlite::Result<T> + Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.outcome = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), SqliteFailure>) {
        let answer = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => Ok(outcome),
            (Err(failure), _) => Err(failure),
            // A job is only answered with Ok after it has run; dropping the sender says "closed".
            (Ok(()), None) => return,
        };
        // Whoever asked may have gone; the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

/// The connection that writes, and how it commits at present.
struct Committer {
    connection: Connection,
    /// As [`connection::writing`](crate::connection::writing) leaves it.
    durability: Durability,
}

fn write_until_closed(connection: Connection, path: &Arc<Path>, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut committer = Committer { connection, durability: Durability::OfTheProcess };
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        // Woken for one job, this thread has taken the processor from those that are about to bring the next.
        // With 64 turns in flight on two processors this saves a seventh of the processor time of a turn
        // (benchmark `writes`); where nobody else wants the processor it costs nothing that could be measured.
        std::thread::yield_now();
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        committer.commit_quick_ones_first(path, &mut batch);
    }
    // Leaves one complete file behind. Another process that reads just now may prevent it; then the log stays
    // beside the file, which is just as safe.
    if let Err(error) = committer.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::debug!(%error, "the log stays beside the database");
    }
}

/// How far a transaction came.
enum Ending {
    Committed,
    /// A job failed; nothing was written.
    JobFailed(rusqlite::Error),
    /// It could not begin or not commit; nothing was written.
    Failed(rusqlite::Error),
}

impl Committer {
    /// Each kind in the order in which it came.
    fn commit_quick_ones_first(&mut self, path: &Arc<Path>, batch: &mut Vec<Box<dyn Job>>) {
        let (mut durable, mut quick): (Vec<_>, Vec<_>) =
            batch.drain(..).partition(|job| job.durability() == Durability::OfTheDisk);
        for jobs in [&mut quick, &mut durable] {
            if !jobs.is_empty() {
                self.commit(path, jobs);
            }
        }
    }

    fn commit(&mut self, path: &Arc<Path>, batch: &mut Vec<Box<dyn Job>>) {
        let committed = match self.in_transaction(batch) {
            Ending::Committed => Ok(()),
            Ending::JobFailed(error) if batch.len() == 1 => Err(SqliteFailure::new(path, error)),
            Ending::JobFailed(_) => return self.commit_one_by_one(path, batch),
            Ending::Failed(error) => Err(SqliteFailure::new(path, error)),
        };
        for job in batch.drain(..) {
            job.answer(committed.clone());
        }
    }

    fn commit_one_by_one(&mut self, path: &Arc<Path>, batch: &mut Vec<Box<dyn Job>>) {
        let mut broken: Option<SqliteFailure> = None;
        for mut job in batch.drain(..) {
            if let Some(failure) = &broken {
                job.answer(Err(failure.clone()));
                continue;
            }
            match self.in_transaction(std::slice::from_mut(&mut job)) {
                Ending::Committed => job.answer(Ok(())),
                Ending::JobFailed(error) => job.answer(Err(SqliteFailure::new(path, error))),
                // Nor will the others be committed, and each attempt may last as long as the busy timeout.
                Ending::Failed(error) => {
                    let failure = broken.insert(SqliteFailure::new(path, error));
                    job.answer(Err(failure.clone()));
                }
            }
        }
    }

    /// Takes the write lock at the start: a transaction that began by reading could not get it later.
    fn in_transaction(&mut self, jobs: &mut [Box<dyn Job>]) -> Ending {
        let wanted = jobs.iter().map(|job| job.durability()).max().unwrap_or(Durability::OfTheProcess);
        if let Err(error) = self.commit_with(wanted) {
            return Ending::Failed(error);
        }
        let connection = &self.connection;
        if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
            return Ending::Failed(error);
        }
        for job in jobs {
            if let Err(error) = job.run(connection) {
                roll_back(connection);
                return Ending::JobFailed(error);
            }
        }
        match execute(connection, "COMMIT") {
            Ok(()) => Ending::Committed,
            Err(error) => {
                roll_back(connection);
                Ending::Failed(error)
            }
        }
    }

    /// Only between transactions: SQLite does not change it within one.
    fn commit_with(&mut self, durability: Durability) -> rusqlite::Result<()> {
        if self.durability == durability {
            return Ok(());
        }
        let level = match durability {
            Durability::OfTheProcess => "NORMAL",
            Durability::OfTheDisk => "FULL",
        };
        self.connection.pragma_update(None, "synchronous", level)?;
        self.durability = durability;
        Ok(())
    }
}

fn roll_back(connection: &Connection) {
    // A full disk or a failing one ends the transaction by itself.
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "ROLLBACK")
    {
        tracing::error!(%error, "could not roll back a transaction");
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let connection = crate::connection::in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE notes (text TEXT UNIQUE);
                 CREATE TABLE owners (id INTEGER PRIMARY KEY);
                 CREATE TABLE things (owner INTEGER REFERENCES owners DEFERRABLE INITIALLY DEFERRED);",
            )
            .unwrap();
        Writer::start(connection, &Arc::from(Path::new("test.db"))).unwrap()
    }

    fn note(text: &str) -> impl FnMut(&Connection) -> rusqlite::Result<usize> + Send + 'static {
        let text = text.to_owned();
        move |connection| {
            connection.execute("INSERT INTO notes (text) VALUES (?1)", [text.as_str()])?;
            // Two statements: the second may fail after the first has written.
            connection.execute("INSERT INTO notes (text) VALUES (?1 || '!')", [text.as_str()])
        }
    }

    /// Keeps the thread busy until the returned sender is dropped, so that what follows becomes one batch.
    async fn hold(writer: &Arc<Writer>) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (started, is_running) = oneshot::channel();
        let mut started = Some(started);
        let writer = Arc::clone(writer);
        let held = Mutex::new(held);
        let task = tokio::spawn(async move {
            let holding = writer.run(move |_| {
                if let Some(started) = started.take() {
                    let _ = started.send(());
                }
                let _ = held.lock().recv();
                Ok(())
            });
            holding.await.unwrap();
        });
        is_running.await.unwrap();
        (release, task)
    }

    async fn count(writer: &Writer) -> i64 {
        writer
            .run(|connection| connection.query_row("SELECT COUNT(*) FROM notes", [], |row| row.get(0)))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_job_that_fails_harms_no_other_of_its_batch() {
        let writer = Arc::new(writer());
        writer.run(note("b!")).await.unwrap();
        let (release, holding) = hold(&writer).await;
        let jobs = ["a", "b", "c"].map(|text| {
            let writer = Arc::clone(&writer);
            async move { writer.run(note(text)).await.is_ok() }
        });
        let [a, b, c] = jobs.map(tokio::spawn);
        // The runtime has one thread: after this the three are queued.
        tokio::task::yield_now().await;
        drop(release);
        holding.await.unwrap();
        assert_eq!((a.await.unwrap(), b.await.unwrap(), c.await.unwrap()), (true, false, true));
        assert_eq!(count(&writer).await, 6, "a, a!, c, c! and the first two");
    }

    #[tokio::test]
    async fn a_commit_that_fails_is_told_to_every_job_of_the_batch() {
        let writer = Arc::new(writer());
        let (release, holding) = hold(&writer).await;
        let orphan = {
            let writer = Arc::clone(&writer);
            tokio::spawn(async move {
                writer.run(|connection| connection.execute("INSERT INTO things (owner) VALUES (1)", [])).await
            })
        };
        let innocent = {
            let writer = Arc::clone(&writer);
            tokio::spawn(async move { writer.run(note("a")).await })
        };
        tokio::task::yield_now().await;
        drop(release);
        holding.await.unwrap();
        assert!(orphan.await.unwrap().is_err());
        assert!(innocent.await.unwrap().is_err());
        assert_eq!(count(&writer).await, 0);
        writer.run(note("b")).await.unwrap();
        assert_eq!(count(&writer).await, 2, "the next batch works");
    }

    /// SQLite's numbers for the levels of `synchronous`.
    const NORMAL: i64 = 1;
    const FULL: i64 = 2;

    fn level(connection: &Connection) -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, "synchronous", |row| row.get(0))
    }

    #[tokio::test]
    async fn only_what_must_survive_a_power_cut_waits_for_the_disk() {
        let writer = Arc::new(writer());
        assert_eq!(writer.run(level).await.unwrap(), NORMAL);
        assert_eq!(writer.run_durably(level).await.unwrap(), FULL);
        let (release, holding) = hold(&writer).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let noting = |what: &'static str| {
            let order = Arc::clone(&order);
            move |connection: &Connection| {
                order.lock().push((what, level(connection)?));
                Ok(())
            }
        };
        let mut waiting = Vec::new();
        for what in ["first", "second"] {
            let (of, durable) = (Arc::clone(&writer), noting(what));
            waiting.push(tokio::spawn(async move { of.run_durably(durable).await.unwrap() }));
            let (of, quick) = (Arc::clone(&writer), noting(what));
            waiting.push(tokio::spawn(async move { of.run(quick).await.unwrap() }));
        }
        tokio::task::yield_now().await;
        drop(release);
        holding.await.unwrap();
        for task in waiting {
            task.await.unwrap();
        }
        let expected = [("first", NORMAL), ("second", NORMAL), ("first", FULL), ("second", FULL)];
        assert_eq!(*order.lock(), expected, "a mixed batch is two, each in its order");
        assert_eq!(writer.run(level).await.unwrap(), NORMAL, "and back");
    }

    #[tokio::test]
    async fn closing_finishes_what_is_queued_and_refuses_the_rest() {
        let writer = Arc::new(writer());
        let (release, holding) = hold(&writer).await;
        let queued = {
            let writer = Arc::clone(&writer);
            tokio::spawn(async move { writer.run(note("a")).await })
        };
        tokio::task::yield_now().await;
        let closing = {
            let writer = Arc::clone(&writer);
            std::thread::spawn(move || writer.close())
        };
        drop(release);
        holding.await.unwrap();
        assert!(queued.await.unwrap().is_ok());
        closing.join().unwrap();
        assert!(matches!(writer.run(note("b")).await, Err(SqliteFailure::Closed { .. })));
    }
}
