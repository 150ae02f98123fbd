//! Sessions of HTTP/2: the crate `h2` speaks it, this maps streams to the service
//! (apps-and-endpoints.md 9.2).
//!
//! Each stream is a session. Streams of a connection run side by side.
//!
//! `h2` itself answers 431 without a body to a header list beyond the advertised
//! `MAX_HEADER_LIST_SIZE`, which is what all limits together allow.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{
    RecvStream,
    server::{Builder, Connection, SendResponse},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    sync::OwnedSemaphorePermit,
    task::JoinSet,
    time::{sleep_until, timeout},
};

use self::{
    frames::SizedFrames,
    stream::Answer,
    traffic::{Preface, Traffic, Watched},
};
use crate::{
    connection::{Origin, Shared, close},
    limits,
    metrics::RefusalKind,
};

mod frames;
mod stream;
mod traffic;

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Runs a connection to its end.
pub(crate) async fn run<S>(mut stream: S, origin: Origin, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stop = shared.stop.clone();
    let limit = match shared.sessions.idle_timeout {
        Some(idle) => idle.min(limits::HEAD_TIME),
        None => limits::HEAD_TIME,
    };
    // Nothing is sent before the preface is here, not even settings.
    let preface = tokio::select! {
        biased;
        preface = timeout(limit, read_preface(&mut stream)) => preface,
        () = stop.requested() => return close(stream).await,
    };
    match preface {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => {
            shared.metrics.refused(RefusalKind::Parsing);
            return close(stream).await;
        }
        Ok(Err(_)) => return,
        Err(_) => return close(stream).await,
    }
    let traffic = Arc::new(Traffic::new());
    let longest = usize::try_from(shared.limits.max_frame_size.bytes).unwrap_or(usize::MAX);
    let frames = SizedFrames::new(stream, longest);
    let watched = Watched::new(Preface::new(frames, PREFACE), Arc::clone(&traffic));
    let handshake = builder(&shared).handshake::<_, Bytes>(watched);
    match timeout(limit, handshake).await {
        Ok(Ok(connection)) => {
            let streams = Streams {
                connection,
                running: JoinSet::new(),
                executing: Arc::default(),
                traffic,
                origin: Some(origin),
                lingering: None,
                closing: None,
                shared,
            };
            streams.serve().await;
        }
        Ok(Err(error)) => count_error(&shared, &error),
        Err(_) => {}
    }
}

/// Whether the client begins with the preface. The first other byte is enough for a no.
async fn read_preface<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<bool> {
    let mut seen = [0; PREFACE.len()];
    let mut length = 0;
    while length < PREFACE.len() {
        let count = stream
            .read(seen.get_mut(length..).unwrap_or_default())
            .await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        length += count;
        if seen.get(..length) != PREFACE.get(..length) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn builder(shared: &Shared) -> Builder {
    let http = &shared.limits;
    let bounded = |bytes: u64, least: u32, most: u32| {
        u32::try_from(bytes).unwrap_or(u32::MAX).clamp(least, most)
    };
    let list = http
        .max_header_size
        .bytes
        .saturating_mul(u64::from(http.max_headers_count));
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(http.max_concurrent_streams_count)
        .initial_window_size(bounded(http.initial_window_size.bytes, 0, (1 << 31) - 1))
        .max_frame_size(bounded(http.max_frame_size.bytes, 1 << 14, (1 << 24) - 1))
        .max_header_list_size(bounded(list, 0, u32::MAX));
    builder
}

/// Only what the client did wrong is counted, and that once a connection.
fn count_error(shared: &Shared, error: &h2::Error) {
    if error.is_library() && !error.is_io() {
        shared.metrics.refused(RefusalKind::Parsing);
    }
}

/// The streams of a connection.
struct Streams<S> {
    connection: Connection<Watched<Preface<SizedFrames<S>>>, Bytes>,
    running: JoinSet<Answer>,
    /// Requests that the service is at.
    executing: Arc<AtomicUsize>,
    traffic: Arc<Traffic>,
    /// Gone once a connection beyond the soft cap has had its answer.
    origin: Option<Origin>,
    lingering: Option<OwnedSemaphorePermit>,
    /// Until when the connection may take to end.
    closing: Option<Instant>,
    shared: Arc<Shared>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Streams<S> {
    async fn serve(mut self) {
        let mut stop = self.shared.stop.clone();
        loop {
            let wake = self.wake();
            tokio::select! {
                accepted = self.connection.accept() => match accepted {
                    None => return,
                    Some(Err(error)) => return count_error(&self.shared, &error),
                    Some(Ok((request, respond))) => self.begin(request, respond),
                },
                Some(answer) = self.running.join_next() => {
                    // A stream that was reset, or whose task has failed, ends alone.
                    if matches!(answer, Ok(Answer::Last)) {
                        self.end(limits::DRAIN_TIME);
                    }
                }
                () = stop.requested(), if self.closing.is_none() => {
                    self.end(limits::SHUTDOWN_TIME);
                }
                () = sleep_until(wake.into()) => {
                    let now = Instant::now();
                    if self.closing.is_some_and(|limit| limit <= now) {
                        return;
                    }
                    if self.is_idle(now) {
                        self.connection.abrupt_shutdown(h2::Reason::NO_ERROR);
                        self.closing = Some(now + limits::CLOSE_TIME);
                    }
                }
            }
        }
    }

    fn begin(&mut self, request: http::Request<RecvStream>, respond: SendResponse<Bytes>) {
        let busy = self.origin.as_ref().is_none_or(|origin| origin.busy);
        if busy {
            stream::refuse(respond);
            // It is closed now, whatever the client does.
            self.origin = None;
            self.lingering = Arc::clone(&self.shared.lingering).try_acquire_owned().ok();
            let time = if self.lingering.is_some() {
                limits::DRAIN_TIME
            } else {
                Duration::ZERO
            };
            return self.end(time);
        }
        if let Some(origin) = &self.origin {
            let session = origin.session(&self.shared);
            let shared = Arc::clone(&self.shared);
            let executing = Executing(Arc::clone(&self.executing));
            self.running
                .spawn(stream::run(request, respond, session, shared, executing));
        }
    }

    /// No further streams; those that are open may end, within a time.
    fn end(&mut self, time: Duration) {
        self.connection.graceful_shutdown();
        let limit = Instant::now() + time;
        self.closing = Some(self.closing.map_or(limit, |earlier| earlier.min(limit)));
    }

    /// When to look at the time again.
    fn wake(&self) -> Instant {
        let idle = self
            .shared
            .sessions
            .idle_timeout
            .map(|time| self.traffic.last() + time);
        let wake = match (self.closing, idle) {
            (Some(closing), _) => Some(closing),
            // The service is at work: look again later.
            (None, Some(idle)) => Some(idle.max(Instant::now() + limits::IDLE_GRANULARITY)),
            (None, None) => None,
        };
        wake.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600))
    }

    fn is_idle(&self, now: Instant) -> bool {
        self.executing.load(Ordering::Acquire) == 0
            && self
                .shared
                .sessions
                .idle_timeout
                .is_some_and(|time| self.traffic.last() + time <= now)
    }
}

/// Counts the requests that the service is at.
struct Executing(Arc<AtomicUsize>);

impl Executing {
    fn begin(self) -> ExecutingNow {
        self.0.fetch_add(1, Ordering::AcqRel);
        ExecutingNow(self.0)
    }
}

struct ExecutingNow(Arc<AtomicUsize>);

impl Drop for ExecutingNow {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
