//! One connection that keeps a number of requests in flight.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::{
    LoadError, limits,
    report::Tally,
    response::{self, Response},
    target::Stream,
    template::Template,
};

/// What all connections of a run have in common.
#[derive(Debug)]
pub struct Load {
    /// What is asked.
    pub template: Template,
    /// Requests in flight on each connection.
    pub depth: usize,
    /// Numbers are below this.
    pub keys: u64,
    /// So many requests at most, over all connections, warm-up included.
    pub count: u64,
    /// From here on results count.
    pub measure_from: Instant,
    /// From here on no request is sent.
    pub until: Instant,
    /// Requests that have been sent.
    pub sent: AtomicU64,
}

/// Runs a connection to the end of the load. Results of a connection that failed count as far as
/// they go.
pub async fn drive(stream: Stream, load: &Load) -> (Tally, Result<(), LoadError>) {
    let mut tally = Tally::default();
    let outcome = match stream {
        Stream::Plain(stream) => exchange(stream, load, &mut tally).await,
        Stream::Secured(stream) => exchange(stream, load, &mut tally).await,
    };
    (tally, outcome)
}

async fn exchange<S>(stream: S, load: &Load, tally: &mut Tally) -> Result<(), LoadError>
where
    S: AsyncRead + AsyncWrite,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut input = Input::default();
    let mut output = Vec::new();
    let mut written = 0;
    let mut in_flight: VecDeque<Instant> = VecDeque::with_capacity(load.depth);
    let mut open = true;
    loop {
        if written == output.len() {
            output.clear();
            written = 0;
            let now = Instant::now();
            while open && in_flight.len() < load.depth {
                match load.next(now) {
                    Some(number) => {
                        load.template.write(number, &mut output);
                        in_flight.push_back(now);
                    }
                    None => open = false,
                }
            }
        }
        if in_flight.is_empty() {
            return Ok(());
        }
        let pending = output.get(written..).unwrap_or_default();
        let step = async {
            // Reading and writing go on side by side: a server that waits for us to read must not
            // be waited for.
            tokio::select! {
                biased;
                count = input.read(&mut reader) => count.map(Progress::Read),
                count = writer.write(pending), if !pending.is_empty() => {
                    count.map(Progress::Written)
                }
            }
        };
        let silent = || LoadError::Silent(limits::SILENCE.as_secs());
        match timeout(limits::SILENCE, step)
            .await
            .map_err(|_| silent())??
        {
            Progress::Written(count) => {
                written += count;
                if written == output.len() {
                    writer.flush().await?;
                }
            }
            Progress::Read(0) => return Err(LoadError::Closed(in_flight.len())),
            Progress::Read(_) => {
                let now = Instant::now();
                while let Some(response) = input.next()? {
                    let begun = in_flight.pop_front().ok_or_else(|| {
                        LoadError::Response("one more than there were requests".to_owned())
                    })?;
                    load.note(tally, &response, begun, now);
                    if response.close {
                        let left = in_flight.len();
                        return if left == 0 {
                            Ok(())
                        } else {
                            Err(LoadError::Closed(left))
                        };
                    }
                }
            }
        }
    }
}

enum Progress {
    Read(usize),
    Written(usize),
}

impl Load {
    /// The number of the next request; `None` if there is none to send.
    fn next(&self, now: Instant) -> Option<u64> {
        if now >= self.until {
            return None;
        }
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        (number < self.count).then(|| number % self.keys)
    }

    fn note(&self, tally: &mut Tally, response: &Response, begun: Instant, now: Instant) {
        tally.transaction = tally.transaction.max(response.transaction);
        if begun >= self.measure_from {
            let latency: Duration = now - begun;
            tally.record(response.status, latency, now);
        }
    }
}

/// What has been read and not yet parsed.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    /// Before this, all has been parsed.
    parsed: usize,
}

impl Input {
    pub(crate) async fn read<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
    ) -> std::io::Result<usize> {
        if self.parsed > 0 {
            self.bytes.drain(..self.parsed);
            self.parsed = 0;
        }
        self.bytes.reserve(limits::READ_BUFFER);
        reader.read_buf(&mut self.bytes).await
    }

    pub(crate) fn next(&mut self) -> Result<Option<Response>, LoadError> {
        let rest = self.bytes.get(self.parsed..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let response = response::parse(rest)?;
        if let Some(response) = &response {
            self.parsed += response.length;
        }
        Ok(response)
    }
}
