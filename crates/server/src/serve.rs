//! Accepts connections and answers on them until told to stop.
//!
//! Our own loop instead of `axum::serve`, for what that one does not have: a bound on connections, and
//! patience that ends, with callers who send or read too slowly.

mod patience;
mod place;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use self::patience::Patient;
use self::place::Places;
pub(crate) use self::place::public_place;

/// Cancelled when the server stops: whatever would answer without an end ends then. With every request that came
/// through [`serve`].
#[derive(Debug, Clone)]
pub(crate) struct Stopping(pub(crate) CancellationToken);

/// The address a request came from: the direct one. With every request that came through [`serve`]. What proxies say
/// in headers is not believed; behind one this is the proxy's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// How connections are treated.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Connections at a time; further ones wait in the system's queue.
    pub max_connections: usize,
    /// How long a caller may take to send the head of a request, and a connection may stay idle.
    pub head_timeout: Duration,
    /// How long a caller may accept nothing of an answer.
    pub write_timeout: Duration,
    /// How long answers in progress may take after the stop; longer than a turn's deadline.
    pub shutdown_grace: Duration,
}

impl Default for ServeOptions {
    /// 4,096 connections stay, with what is read ahead (at most 32 KiB each), below 128 MiB; 30 s is hyper's own default
    /// for heads; 35 s of grace is the default deadline of a turn (30 s, contract section 3) and some.
    fn default() -> Self {
        Self {
            max_connections: 4_096,
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(35),
        }
    }
}

/// What hyper may read of a head before it looks how long it is: a head of 16 KiB is always taken, one of 32 KiB never, and
/// answered with 431. That is what nginx takes with its defaults (`large_client_header_buffers 4 8k`), enough for any cookie
/// and key. hyper's own 400 KiB would be 1.6 GiB for all connections.
const HEAD_BUFFER_BYTES: usize = 16 * 1024;

/// Headers of a request; more are answered with 431. hyper's own default, said here because it is a promise.
const MAX_HEADERS: usize = 100;

/// Pause after the system refused a connection for want of descriptors or memory; others then end meanwhile.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Answers on `listener` until `shutdown` is cancelled and every answer in progress is out, or the grace is over.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    shutdown: CancellationToken,
) {
    let router = router.layer(Extension(Stopping(shutdown.clone())));
    let room = Arc::new(Semaphore::new(options.max_connections));
    let places = Places::default();
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        // Every arm is cancel-safe: a connection is either accepted here or still in the system's queue, a
        // finished task is either joined or still in the set.
        tokio::select! {
            () = shutdown.cancelled() => break,
            (stream, peer, permit) = accept(&listener, &room) => {
                let Some(counted) = places.enter(peer.0) else {
                    debug!("a connection was closed: its place has too many");
                    continue;
                };
                let answering = connection(stream, peer, router.clone(), &options, &graceful);
                connections.spawn(async move {
                    let _held = (permit, counted);
                    answering.await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    finish(graceful, connections, options.shutdown_grace).await;
}

/// The next connection, once there is room for it.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, Peer, OwnedSemaphorePermit) {
    let permit = Arc::clone(room).acquire_owned().await.expect("nobody closes this semaphore");
    loop {
        match listener.accept().await {
            // An IPv4 address that came through an IPv6 socket is shown as what it is.
            Ok((stream, address)) => return (stream, Peer(address.ip().to_canonical()), permit),
            Err(cause) if is_callers(&cause) => debug!(error.message = %cause, "a connection ended early"),
            Err(cause) => {
                warn!(error.message = %cause, "could not accept a connection; trying again");
                tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
            }
        }
    }
}

/// Answers everything that comes over one connection.
fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    options: &ServeOptions,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static {
    // Answers are written whole; waiting for more would only delay them.
    if let Err(cause) = stream.set_nodelay(true) {
        debug!(error.message = %cause, "could not set TCP_NODELAY");
    }
    let io = TokioIo::new(Patient::new(stream, options.write_timeout));
    let router = TowerToHyperService::new(router);
    let answers = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_buf_size(HEAD_BUFFER_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(io, answers);
    let answering = graceful.watch(connection);
    async move {
        if let Err(cause) = answering.await {
            debug!(error.message = %cause, "a connection broke");
        }
    }
}

async fn finish(graceful: GracefulShutdown, mut connections: JoinSet<()>, grace: Duration) {
    info!(connections = connections.len(), "stopping: no new connections, answers in progress go on");
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        warn!(connections = connections.len(), "the grace is over; open connections are cut");
    }
    connections.shutdown().await;
}

fn is_callers(cause: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(cause.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
