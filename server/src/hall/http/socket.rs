//! A socket that gives up on a peer that is too slow.
//!
//! hyper's own header timer is not used: it starts when the last answer ends, so it would close an idle
//! connection after the few seconds that headers may take. Here each wait has its own bound: the first byte,
//! the rest of the headers, the pause between requests, and a write that makes no progress. Reading a body is
//! bounded by the request's deadline. Who began a request and was refused unread is told why.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use super::limits::Limits;
use super::refusal::{instead_of, refusal};
use crate::hall::error::Error;

/// After a refusal what the peer still sends is read for so long and so far: closed on unread bytes, the
/// connection would be reset, and the peer might lose the refusal.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: u64 = 1 << 20;

/// What a connection is waiting for, told by its socket and its answers, read by its [`Watch`].
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Halves of requests so far: odd while one is being answered.
    turn: AtomicU32,
    /// The turn in which bytes came, plus one so that 0 is none.
    heard: AtomicU32,
}

impl Pulse {
    /// A request begins or its answer ends.
    pub(super) fn next(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    fn is_between_requests(&self) -> bool {
        self.turn.load(Ordering::Relaxed).is_multiple_of(2)
    }
}

/// Rings when the peer has kept one wait too long.
///
/// It must be polled after the connection in each poll of its task: whatever changes the pulse happens there.
pub(super) struct Watch {
    pulse: Arc<Pulse>,
    limits: Arc<Limits>,
    seen: (u32, bool),
    until: Instant,
    // Armed no later than `until`. It is moved only when it rings or must ring earlier, since most waits end first.
    timer: Pin<Box<Sleep>>,
}

impl Watch {
    pub(super) fn new(pulse: Arc<Pulse>, limits: Arc<Limits>) -> Watch {
        let until = Instant::now() + limits.first_byte;
        Watch {
            pulse,
            limits,
            seen: (0, false),
            until,
            timer: Box::pin(sleep_until(until)),
        }
    }

    /// Ready with the name of the wait that took too long.
    pub(super) fn poll_too_long(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        if !self.pulse.is_between_requests() {
            return Poll::Pending;
        }
        let turn = self.pulse.turn.load(Ordering::Relaxed);
        let seen = (turn, self.pulse.heard.load(Ordering::Relaxed) == turn + 1);
        let (why, limit) = match seen {
            (_, true) => ("headers", self.limits.header),
            (0, false) => ("first_byte", self.limits.first_byte),
            (_, false) => ("idle", self.limits.idle),
        };
        if seen != self.seen {
            self.seen = seen;
            self.until = Instant::now() + limit;
            if self.until < self.timer.deadline() {
                self.timer.as_mut().reset(self.until);
            }
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if Instant::now() >= self.until {
                return Poll::Ready(why);
            }
            self.timer.as_mut().reset(self.until);
        }
    }
}

pub(super) struct Socket {
    stream: TcpStream,
    pulse: Arc<Pulse>,
    stalled_write: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    /// The last write took less than it was given: what follows goes on in the midst of an answer.
    in_midst: bool,
    /// What stands in the place of hyper's own refusal, and how much of it is written.
    refusal: Option<(Vec<u8>, usize)>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, pulse: Arc<Pulse>, stalled_write: Duration) -> Socket {
        Socket {
            stream,
            pulse,
            stalled_write,
            stalled: None,
            in_midst: false,
            refusal: None,
        }
    }

    /// Says why the peer is cut off, unless that would fall into an answer that is on its way.
    pub(super) async fn refuse(&mut self, error: &Error) {
        if self.in_midst || self.stalled.is_some() {
            return;
        }
        let told = refusal(error);
        // Whoever is gone need not be told.
        let _ = timeout(LINGER, self.stream.write_all(&told)).await;
    }

    /// Ends our side and lets the peer read it.
    pub(super) async fn linger(mut self) {
        let _ = self.stream.shutdown().await;
        let mut rest = self.stream.take(LINGER_BYTES_MAX);
        let _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }

    /// Ours in the place of `bytes`, where they are a refusal that hyper made.
    fn replace(&mut self, bytes: &[u8]) -> bool {
        if self.refusal.is_none() && !self.in_midst && self.pulse.is_between_requests() {
            self.refusal = instead_of(bytes).map(|ours| (ours, 0));
        }
        self.refusal.is_some()
    }

    /// Writes all of the refusal, then says that the `length` bytes are written for which it stands.
    fn poll_refuse(&mut self, cx: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        while let Some((ours, done)) = &mut self.refusal {
            if *done == ours.len() {
                self.refusal = None;
                break;
            }
            let wrote = Pin::new(&mut self.stream).poll_write(cx, &ours[*done..]);
            if let Poll::Ready(Ok(count)) = &wrote {
                *done += count;
            }
            ready!(self.progress(cx, wrote))?;
        }
        Poll::Ready(Ok(length))
    }

    fn note(&mut self, wrote: &Poll<io::Result<usize>>, length: usize) {
        if let Poll::Ready(Ok(count)) = wrote {
            self.in_midst = *count < length;
        }
    }

    /// Passes on what a write gave, and starts or ends the wait for progress.
    fn progress(
        &mut self,
        cx: &mut Context<'_>,
        wrote: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if wrote.is_ready() {
            self.stalled = None;
            return wrote;
        }
        let limit = self.stalled_write;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(timer.as_mut().poll(cx));
        metrics::counter!("http_connections_cut_total", "wait" => "write").increment(1);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if read.is_ready() {
            let turn = this.pulse.turn.load(Ordering::Relaxed);
            this.pulse.heard.store(turn + 1, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.replace(buf) {
            return this.poll_refuse(cx, buf.len());
        }
        let wrote = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.note(&wrote, buf.len());
        this.progress(cx, wrote)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let length = bufs.iter().map(|buf| buf.len()).sum();
        // A refusal by hyper is a head alone.
        if let Some(head) = bufs.iter().find(|buf| buf.len() == length)
            && this.replace(head)
        {
            return this.poll_refuse(cx, length);
        }
        let wrote = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.note(&wrote, length);
        this.progress(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
