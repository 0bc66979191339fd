//! The lines on a control socket, and their caps.

use std::{io, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value as Json, value::RawValue};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::{
    config::{LiveSetting, Over, Source},
    services::BusAsk,
    unit::SeenAsk,
};

/// The longest line: a config file and its profile of 1 MiB each, in which every byte is escaped, and
/// what was set.
const LONGEST: usize = 16 << 20;
/// How long a client may keep silent.
pub(super) const IDLE: Duration = Duration::from_secs(30);
/// How many clients may be connected.
pub(super) const CLIENTS: usize = 32;

/// What a client asks.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::command) enum Request {
    /// How the unit is: a [`UnitStatus`](super::UnitStatus).
    Status {},
    /// Whether the process still answers: nothing comes back.
    Ping {},
    /// The config that it goes by: a [`Text`].
    Config {},
    /// The first step of another config, by `up`: a [`Taken`](crate::unit::Taken).
    Take(Text),
    /// The second one: why services don't start, if so.
    Settle {},
    /// Both, by a unit that reads the file itself: a [`Taken`](crate::unit::Taken).
    Reload {},
    /// The same, with what is set as it is kept now, and the files as they were accepted.
    Settings {},
    /// What is known of events and commands, and what is to be done with them: a
    /// [`BusAnswer`](crate::services::BusAnswer).
    Bus(BusAsk),
    /// What was counted and recorded: a [`SeenAnswer`](crate::unit::SeenAnswer).
    Seen(SeenAsk),
    /// A call of a method.
    Call {
        service: String,
        method: String,
        /// The arguments by name, in one line: a text that nobody on the way reads.
        args: Box<RawValue>,
        /// How long to wait; what the method says if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline_ms: Option<u64>,
        /// The trace that it is a part of, as the header says it; one of its own if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        traceparent: Option<String>,
    },
}

/// The text of a config file, and what lies over it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(in crate::command) struct Text {
    /// What messages call it.
    pub(in crate::command) file: String,
    pub(in crate::command) text: String,
    /// The file of the profile that lies over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::command) over: Option<Box<Over>>,
    /// What was set while the app ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::command) set: Vec<LiveSetting>,
}

impl From<Source> for Text {
    fn from(Source { name: file, text, over, set }: Source) -> Self {
        Self { file, text, over, set }
    }
}

impl From<Text> for Source {
    fn from(Text { file: name, text, over, set }: Text) -> Self {
        Self { name, text, over, set }
    }
}

/// What the unit answers.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Response {
    /// The result, as it was written.
    Ok(Box<RawValue>),
    /// The failure, as the edge would word it.
    Problem(Json),
}

/// Reads a line; `None` at the end of the stream.
pub(super) async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncBufRead + Unpin),
    patience: Duration,
) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    let read = async {
        loop {
            let bytes = from.fill_buf().await?;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(bytes.len(), |at| at + 1);
            if line.len() + length > LONGEST {
                let reason = format!("a line of more than {LONGEST} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            line.extend(&bytes[..length]);
            from.consume(length);
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    };
    timeout(patience, read).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if line.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&line).map(Some).map_err(io::Error::from)
}

/// Writes a line.
pub(super) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    let write = async {
        to.write_all(&line).await?;
        to.flush().await
    };
    timeout(IDLE, write).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
