//! Sessions of HTTP/1: reads, parses, calls the service one request after the other, writes.
//!
//! Requests that arrive together are answered together: one read, one buffer of answers, one
//! write. Nothing is sent while there is still something to parse, unless an answer has to be
//! waited for.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use http::Method;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{sleep_until, timeout},
};

use crate::{
    connection::{Origin, Shared, Stop, close, close_and_drain},
    limits,
    message::{Reply, Request, Response},
    parser::{Parsed, Phase, Refusal, RequestParser, Step},
    refusal,
    session::Session,
    writer,
};

/// Runs a session to its end.
pub(crate) async fn run<S>(stream: S, origin: Origin, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let session = origin.session(&shared);
    let mut http1 = Http1 {
        parser: RequestParser::new(Arc::clone(&shared.limits)),
        output: Output {
            stream,
            pending: Vec::new(),
            idle: shared.sessions.idle_timeout,
        },
        input: vec![0; limits::READ_BUFFER_MIN],
        stop: shared.stop.clone(),
        began: None,
        session,
        shared,
    };
    // An I/O error: the client has gone.
    let end = http1.serve().await.unwrap_or(End::Gone);
    let stream = http1.output.stream;
    match end {
        End::Gone => {}
        End::Quiet => close(stream).await,
        End::Answered => close_and_drain(stream).await,
    }
    drop(origin);
}

/// Answers 503 without reading, and closes (apps-and-endpoints.md 9.5).
pub(crate) async fn refuse<S>(mut stream: S, origin: Origin, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut answer = Vec::new();
    writer::write(&mut answer, &refusal::busy(), false);
    let sent = timeout(limits::CLOSE_TIME, async {
        stream.write_all(&answer).await?;
        stream.flush().await
    });
    if !matches!(sent.await, Ok(Ok(()))) {
        return;
    }
    // It is closed now, whatever the client does. What is left is to let the answer arrive.
    drop(origin);
    match shared.lingering.try_acquire() {
        Ok(_permit) => close_and_drain(stream).await,
        Err(_) => close(stream).await,
    }
}

struct Http1<S> {
    parser: RequestParser,
    output: Output<S>,
    /// All of it can be read into.
    input: Vec<u8>,
    stop: Stop,
    /// When the first byte of an incomplete request came in.
    began: Option<Instant>,
    session: Arc<Session>,
    shared: Arc<Shared>,
}

/// How a session ends.
enum End {
    /// The client has closed, or cannot be reached.
    Gone,
    /// Nothing is in flight.
    Quiet,
    /// An answer was the last one, and the client may still be writing.
    Answered,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1<S> {
    async fn serve(&mut self) -> io::Result<End> {
        loop {
            let count = match self.read().await? {
                Input::Bytes(0) => return Ok(End::Gone),
                Input::Bytes(count) => count,
                Input::Over => return Ok(End::Quiet),
            };
            let last = self.answer(count).await?;
            self.output.flush().await?;
            if last {
                return Ok(End::Answered);
            }
            if count == self.input.len() && count < limits::READ_BUFFER_MAX {
                self.input.resize(count * 2, 0);
            }
        }
    }

    /// Answers every request in the first bytes of the input. True if the connection ends.
    async fn answer(&mut self, count: usize) -> io::Result<bool> {
        let chunk = self.input.get(..count).unwrap_or_default();
        let mut place = 0;
        let mut pace = Pace::new();
        while place < count {
            let rest = chunk.get(place..).unwrap_or_default();
            match self.parser.feed(rest) {
                Ok(Step::More) => break,
                Ok(Step::Request(consumed, parsed)) => {
                    place += consumed;
                    self.began = None;
                    let to_head = parsed.method == Method::HEAD;
                    let request = request(parsed, &self.session);
                    let response = match self.shared.service.call(request) {
                        Reply::Now(response) => response,
                        Reply::Later(response) => self.output.wait(response).await?,
                    };
                    self.output.push(&response, to_head).await?;
                    if response.close {
                        return Ok(true);
                    }
                    if pace.is_over() {
                        self.output.flush().await?;
                        tokio::task::yield_now().await;
                        if self.stop.is_requested() {
                            return Ok(true);
                        }
                    }
                }
                Err(refusal) => {
                    let refusal = refusal.after(place);
                    self.refuse(&refusal, count).await?;
                    return Ok(true);
                }
            }
        }
        if self.parser.phase() != Phase::Idle && self.began.is_none() {
            self.began = Some(Instant::now());
        }
        Ok(false)
    }

    async fn refuse(&mut self, refusal: &Refusal, count: usize) -> io::Result<()> {
        self.shared.metrics.refused(refusal.kind());
        let chunk = self.input.get(..count).unwrap_or_default();
        self.output.push(&refusal.response(chunk), false).await
    }

    /// Waits for bytes, for the time limits, and for the end of the server.
    async fn read(&mut self) -> io::Result<Input> {
        let start = Instant::now();
        let limit = self.limit(start);
        loop {
            let shrink = self.input.len() > limits::READ_BUFFER_MIN;
            let pause = shrink.then(|| start + limits::SHRINK_AFTER);
            let wake = match (limit, pause) {
                (Some(limit), Some(pause)) => Some(limit.min(pause)),
                (limit, pause) => limit.or(pause),
            };
            tokio::select! {
                biased;
                count = self.output.stream.read(&mut self.input) => {
                    return Ok(Input::Bytes(count?));
                }
                () = self.stop.requested() => return Ok(Input::Over),
                () = until(wake) => {}
            }
            if limit.is_some_and(|limit| limit <= Instant::now()) {
                return Ok(Input::Over);
            }
            self.input = vec![0; limits::READ_BUFFER_MIN];
            self.output.pending = Vec::new();
        }
    }

    /// Until when the next bytes must be here.
    fn limit(&self, now: Instant) -> Option<Instant> {
        let idle = self
            .shared
            .sessions
            .idle_timeout
            .and_then(|time| now.checked_add(time));
        let began = self.began.unwrap_or(now);
        let whole = match self.parser.phase() {
            Phase::Idle => None,
            Phase::Head => began.checked_add(limits::HEAD_TIME),
            Phase::Body(received) => began.checked_add(limits::body_time(received)),
        };
        match (idle, whole) {
            (Some(idle), Some(whole)) => Some(idle.min(whole)),
            (idle, whole) => idle.or(whole),
        }
    }
}

enum Input {
    /// So many; none is the end of the stream.
    Bytes(usize),
    /// A time limit has passed, or the server stops.
    Over,
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

fn request(parsed: Parsed, session: &Arc<Session>) -> Request {
    let Parsed {
        method,
        target,
        headers,
        body,
    } = parsed;
    Request {
        method,
        target,
        headers,
        body,
        session: Arc::clone(session),
    }
}

/// Answers on their way out.
struct Output<S> {
    stream: S,
    pending: Vec<u8>,
    idle: Option<Duration>,
}

impl<S: AsyncWrite + Unpin> Output<S> {
    async fn push(&mut self, response: &Response, to_head: bool) -> io::Result<()> {
        let Some(body) = writer::write_head(&mut self.pending, response, to_head) else {
            return Ok(());
        };
        if body.len() < limits::COPIED_BODY {
            self.pending.extend_from_slice(&body);
        } else {
            self.flush().await?;
            write(&mut self.stream, self.idle, &body).await?;
        }
        if self.pending.len() >= limits::WRITE_BUFFER {
            self.flush().await
        } else {
            Ok(())
        }
    }

    /// Sends what was pushed. A client that reads nothing for the idle time has gone.
    async fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            write(&mut self.stream, self.idle, &self.pending).await?;
            self.pending.clear();
            limited(self.idle, self.stream.flush()).await?;
        }
        Ok(())
    }

    /// Waits for a response, and lets earlier ones go if it is not there at once.
    async fn wait(
        &mut self,
        mut response: Pin<Box<dyn Future<Output = Response> + Send>>,
    ) -> io::Result<Response> {
        let ready = poll_fn(|cx| {
            Poll::Ready(match response.as_mut().poll(cx) {
                Poll::Ready(response) => Some(response),
                Poll::Pending => None,
            })
        });
        if let Some(response) = ready.await {
            return Ok(response);
        }
        self.flush().await?;
        Ok(response.await)
    }
}

async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    idle: Option<Duration>,
    mut bytes: &[u8],
) -> io::Result<()> {
    while !bytes.is_empty() {
        match limited(idle, stream.write(bytes)).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = bytes.get(count..).unwrap_or_default(),
        }
    }
    Ok(())
}

async fn limited<T>(
    idle: Option<Duration>,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match idle {
        Some(time) => timeout(time, work).await?,
        None => work.await,
    }
}

/// Lets other sessions of the thread go on when many requests came in together.
struct Pace {
    begin: Instant,
    requests: u32,
}

impl Pace {
    fn new() -> Self {
        Self {
            begin: Instant::now(),
            requests: 0,
        }
    }

    fn is_over(&mut self) -> bool {
        self.requests += 1;
        if !self.requests.is_multiple_of(limits::PACE_REQUESTS)
            || self.begin.elapsed() < limits::PACE_TIME
        {
            return false;
        }
        self.begin = Instant::now();
        true
    }
}
