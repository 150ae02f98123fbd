//! Frames of a wrong size (RFC 9113 4.2, 6.3 to 6.9): `h2` would end the connection with
//! PROTOCOL_ERROR where the standard demands FRAME_SIZE_ERROR. Such a frame is given to it with a
//! length beyond every limit, which it answers with that code.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits;

/// A frame's header.
const HEADER: usize = 9;
/// The longest length that can be written.
const ENDLESS: usize = 0xff_ffff;

/// Marks frames of a wrong size on their way in.
pub(super) struct SizedFrames<S> {
    stream: S,
    /// What has been read: before `start` it has been given on, before `passed` it can be, before
    /// `end` there is the beginning of a frame that cannot be judged yet.
    bytes: Vec<u8>,
    start: usize,
    passed: usize,
    end: usize,
    /// Whether the stream has ended.
    ended: bool,
    /// Bytes that still belong to the frame which has begun.
    left: usize,
    /// Whether a frame has been marked: what follows is no longer of interest.
    over: bool,
}

impl<S> SizedFrames<S> {
    /// `longest` is the longest frame that is taken: nothing can be marked if that is any frame.
    pub(super) fn new(stream: S, longest: usize) -> Self {
        Self {
            stream,
            bytes: vec![0; limits::READ_BUFFER_MIN],
            start: 0,
            passed: 0,
            end: 0,
            ended: false,
            left: 0,
            over: longest >= ENDLESS,
        }
    }

    /// Marks what must be marked, and passes on what can be judged.
    fn judge(&mut self) {
        while !self.over && self.passed < self.end {
            if self.left > 0 {
                let count = self.left.min(self.end - self.passed);
                self.left -= count;
                self.passed += count;
                continue;
            }
            let Some(&mut [ref mut a, ref mut b, ref mut c, kind, flags, ..]) =
                self.bytes.get_mut(self.passed..self.end)
            else {
                return;
            };
            let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            if has_size(kind, flags, length) {
                self.left = HEADER + length;
            } else {
                (*a, *b, *c) = (0xff, 0xff, 0xff);
                self.over = true;
            }
        }
        self.passed = self.end;
    }
}

/// Whether a frame of this kind may be this long.
fn has_size(kind: u8, flags: u8, length: usize) -> bool {
    const ACK: u8 = 1;
    match kind {
        // PRIORITY
        2 => length == 5,
        // RST_STREAM, WINDOW_UPDATE
        3 | 8 => length == 4,
        // SETTINGS
        4 => length.is_multiple_of(6) && (flags & ACK == 0 || length == 0),
        // PING
        6 => length == 8,
        // GOAWAY
        7 => length >= 8,
        _ => true,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for SizedFrames<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let ready = this.bytes.get(this.start..this.passed).unwrap_or_default();
            if !ready.is_empty() || this.ended {
                let count = ready.len().min(buf.remaining());
                buf.put_slice(ready.get(..count).unwrap_or_default());
                this.start += count;
                return Poll::Ready(Ok(()));
            }
            // What is held are fewer bytes than a frame's beginning.
            this.bytes.copy_within(this.passed..this.end, 0);
            this.end -= this.passed;
            (this.start, this.passed) = (0, 0);
            let mut room = ReadBuf::new(this.bytes.get_mut(this.end..).unwrap_or_default());
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut room))?;
            match room.filled().len() {
                0 => {
                    this.ended = true;
                    this.passed = this.end;
                }
                count => {
                    this.end += count;
                    this.judge();
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for SizedFrames<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::{collection::vec, prelude::*};
    use tokio::io::AsyncReadExt;

    use super::*;

    /// Gives its pieces one after the other.
    struct Pieces(VecDeque<Vec<u8>>);

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            while let Some(mut piece) = self.0.pop_front() {
                let later = piece.split_off(piece.len().min(buf.remaining()));
                if !later.is_empty() {
                    self.0.push_front(later);
                }
                if !piece.is_empty() {
                    buf.put_slice(&piece);
                    break;
                }
            }
            Poll::Ready(Ok(()))
        }
    }

    fn filtered(input: &[u8], pieces: usize, longest: usize) -> Vec<u8> {
        let pieces = input.chunks(pieces).map(<[u8]>::to_vec).collect();
        let mut frames = SizedFrames::new(Pieces(pieces), longest);
        let mut output = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(frames.read_to_end(&mut output)).unwrap();
        output
    }

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let [.., a, b, c] = (length as u32).to_be_bytes();
        let mut frame = vec![a, b, c, kind, flags, 0, 0, 0, 1];
        frame.resize(HEADER + length, 7);
        frame
    }

    #[test]
    fn rfc9113_frames_of_the_right_size_pass_unchanged() {
        let frames = [
            frame(0, 0, 5000),
            frame(1, 4, 0),
            frame(2, 0, 5),
            frame(3, 0, 4),
            frame(4, 0, 12),
            frame(4, 1, 0),
            frame(6, 0, 8),
            frame(7, 0, 9),
            frame(8, 0, 4),
            frame(99, 0, 3),
        ]
        .concat();
        for pieces in [1, 2, 3, 7, 8, 4096, frames.len()] {
            assert_eq!(filtered(&frames, pieces, 16_384), frames, "{pieces}");
        }
    }

    #[test]
    fn rfc9113_frames_of_a_wrong_size_are_marked() {
        for (kind, flags, length) in [
            (2, 0, 4),
            (3, 0, 5),
            (4, 0, 5),
            (4, 1, 6),
            (6, 0, 7),
            (7, 0, 7),
            (8, 0, 0),
            (8, 0, 5),
        ] {
            let good = frame(0, 0, 3);
            let bad = frame(kind, flags, length);
            let mut marked = bad.clone();
            marked[..3].fill(0xff);
            let input = [good.clone(), bad.clone(), bad].concat();
            let want = [&good[..], &marked, &input[good.len() + marked.len()..]].concat();
            for pieces in [1, 2, 5, input.len()] {
                assert_eq!(filtered(&input, pieces, 16_384), want, "{kind} {length}");
            }
            // Where every length is allowed, no mark is.
            assert_eq!(filtered(&input, 3, ENDLESS), input);
        }
    }

    #[test]
    fn the_beginning_of_a_frame_at_the_end_of_the_stream_is_not_lost() {
        let input = [&frame(6, 0, 8)[..], &[0, 0, 8]].concat();
        assert_eq!(filtered(&input, 4, 16_384), input);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_added(input in vec(any::<u8>(), 0..300), pieces in 1_usize..50) {
            let whole = filtered(&input, input.len().max(1), 16_384);
            prop_assert_eq!(whole.len(), input.len());
            prop_assert_eq!(filtered(&input, pieces, 16_384), whole);
        }
    }
}
