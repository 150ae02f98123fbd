//! Whether what was written is committed: `GET …/tx?transaction_id=` (apps-and-endpoints.md 10.2).

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{sleep, timeout},
};

use crate::{
    LoadError,
    connection::Input,
    limits,
    response::Transaction,
    target::{Stream, Target},
};

/// Waits until a transaction, and with it all before it, is committed. How long that took.
///
/// # Errors
/// It is invalid, or not committed within [`limits::COMMIT_TIME`].
pub async fn wait(
    target: &Target,
    path: &str,
    transaction: Transaction,
) -> Result<Duration, LoadError> {
    match target.connect().await? {
        Stream::Plain(stream) => poll(stream, target, path, transaction).await,
        Stream::Secured(stream) => poll(stream, target, path, transaction).await,
    }
}

async fn poll<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    target: &Target,
    path: &str,
    transaction: Transaction,
) -> Result<Duration, LoadError> {
    let question = format!(
        "GET {path}?transaction_id={transaction} HTTP/1.1\r\nhost: {}\r\n\r\n",
        target.authority()
    );
    let begin = Instant::now();
    loop {
        let answer = timeout(limits::SILENCE, ask(&mut stream, &question));
        let answer = answer
            .await
            .map_err(|_| LoadError::Silent(limits::SILENCE.as_secs()))??;
        let status = answer
            .get("status")
            .and_then(|status| status.as_str())
            .unwrap_or("absent");
        if status == "Committed" {
            return Ok(begin.elapsed());
        }
        if status == "Invalid" || begin.elapsed() > limits::COMMIT_TIME {
            return Err(LoadError::NotCommitted {
                transaction: transaction.to_string(),
                status: status.to_owned(),
                seconds: begin.elapsed().as_secs(),
            });
        }
        sleep(limits::COMMIT_PAUSE).await;
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    question: &str,
) -> Result<serde_json::Value, LoadError> {
    stream.write_all(question.as_bytes()).await?;
    stream.flush().await?;
    let mut input = Input::default();
    loop {
        if input.read(stream).await? == 0 {
            return Err(LoadError::Closed(1));
        }
        if let Some(response) = input.next()? {
            return serde_json::from_slice(&response.body)
                .map_err(|error| LoadError::Response(error.to_string()));
        }
    }
}
