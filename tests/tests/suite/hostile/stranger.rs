//! Somebody who is no unit.

use seam_wire::{Frame, FrameBuffer, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::remote::Remote;
use crate::support::{soon, until};

pub(super) struct Stranger {
    stream: TcpStream,
    name: String,
    buffer: FrameBuffer,
}

impl Stranger {
    pub(super) async fn dial(remote: &Remote) -> Self {
        let stream = TcpStream::connect(&remote.address).await.unwrap();
        let name = stream.local_addr().unwrap().to_string();
        Self { stream, name, buffer: FrameBuffer::new(limits::MAX_FRAME as u32) }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends as much as the unit takes before it closes.
    pub(super) async fn try_send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Sends nothing more, and goes on reading.
    pub(super) async fn half_close(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Whether the unit has closed the connection.
    pub(super) fn has_ended(&mut self) -> bool {
        let mut bytes = [0; 4096];
        loop {
            match self.stream.try_read(&mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Waits until the unit has closed the connection.
    pub(super) async fn end(&mut self) {
        let mut bytes = Vec::new();
        // A reset is an end as well.
        let _ = soon("the end of the connection", self.stream.read_to_end(&mut bytes)).await;
    }

    /// Waits until the unit has closed the connection, and has logged why.
    pub(super) async fn expect_end(mut self, remote: &Remote, reason: &str) {
        self.end().await;
        let mut line = None;
        until("a line in the log", async || {
            let log = remote.child.log();
            let name = format!("peer={} ", self.name);
            // The last line may be on its way still.
            let mut whole = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let found = whole.find(|line| line.contains(&name) && line.contains("closed"));
            line = found.map(str::to_owned);
            line.is_some()
        })
        .await;
        let line = line.unwrap_or_default();
        assert!(line.contains(reason), "{reason}: {line}");
    }

    /// The text of the failure that a call comes to.
    pub(super) async fn failure(&mut self, call: u64) -> String {
        self.find(|frame| match frame {
            Frame::Failure(id, failed) if id.0 == call => {
                Some(failed.texts.collect::<Vec<_>>().join(" "))
            }
            Frame::GoAway(go_away) => panic!("{go_away:?}"),
            _ => None,
        })
        .await
    }

    /// Waits for the answer to a call.
    pub(super) async fn answer(&mut self, call: u64) {
        self.find(|frame| matches!(frame, Frame::Reply(id, ..) if id.0 == call).then_some(()))
            .await;
    }

    async fn find<T>(&mut self, mut wanted: impl FnMut(Frame<'_>) -> Option<T>) -> T {
        loop {
            while let Some(frame) = self.buffer.next_frame().unwrap() {
                if let Some(found) = wanted(frame) {
                    return found;
                }
            }
            let mut bytes = [0; 4096];
            let read = soon("an answer", self.stream.read(&mut bytes)).await.unwrap();
            assert!(read > 0, "closed before an answer came");
            self.buffer.feed(&bytes[..read]);
        }
    }
}
