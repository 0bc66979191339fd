//! The lines of several processes, side by side.

use std::{io, os::fd::AsFd, time::Duration};

use rustix::fs::fstat;
use seam_telemetry::logs::Level;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};

use super::{
    super::output::{Output, loss},
    prefix::Prefix,
};

/// A longer line is shown in pieces of about so many bytes.
const LONGEST: usize = 1 << 20;

/// Where the lines of children go: each to where the child would have written it itself. Children
/// never wait for who reads them.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) stdout: Output,
    pub(super) stderr: Output,
    /// Where what is said here is kept; children keep their lines themselves.
    kept: Option<Output>,
}

impl Streams {
    /// The streams of this process; `own` is how it says what it has to say itself, which `kept` keeps.
    ///
    /// # Errors
    /// The system has no thread or descriptor left.
    pub(super) fn open(own: &Prefix, kept: Option<Output>) -> io::Result<Self> {
        let told =
            |own: Prefix| Box::new(move |dropped| Some(own.say(Level::Warn, &loss(dropped)).0));
        let stderr = Output::stderr(told(own.clone()))?;
        // By two writers, long lines to one pipe would get into each other.
        let stdout = match same(io::stdout(), io::stderr()) {
            true => stderr.clone(),
            false => Output::stdout(told(own.clone()))?,
        };
        Ok(Self { stdout, stderr, kept })
    }

    /// Says what `up` has to say itself, of the unit whose prefix it is.
    pub(super) fn say(&self, of: &Prefix, level: Level, text: &str) {
        let (shown, kept) = of.say(level, text);
        self.stderr.line(&shown);
        if let Some(file) = &self.kept {
            file.line(kept.as_bytes());
        }
    }

    /// Waits until all is written, but no longer than `patience` for who takes nothing.
    pub(super) fn flush(&self, patience: Duration) {
        self.stdout.flush(patience);
        self.stderr.flush(patience);
        if let Some(file) = &self.kept {
            file.flush(patience);
        }
    }
}

/// Whether two descriptors are of one file; if that can't be told, they aren't.
fn same(one: impl AsFd, other: impl AsFd) -> bool {
    match (fstat(one), fstat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}

/// Copies lines until the stream ends, each with the prefix and in one piece.
pub(super) async fn copy(from: Option<impl AsyncRead + Unpin>, prefix: Prefix, to: Output) {
    let Some(from) = from else { return };
    let mut lines = Lines::new(BufReader::new(from));
    while let Some(line) = lines.next().await {
        to.line(&prefix.line(line));
    }
}

/// The lines of a stream.
struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    /// What belongs to the next line already: the begin of a character that was cut in two.
    cut: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    const fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), cut: Vec::new() }
    }

    /// Reads up to the end of a line, of the stream, or of what fits; `None` at the end.
    async fn next(&mut self) -> Option<&[u8]> {
        self.line.clear();
        self.line.append(&mut self.cut);
        loop {
            let bytes = self.reader.fill_buf().await.unwrap_or_default();
            if bytes.is_empty() {
                return (!self.line.is_empty()).then_some(&self.line);
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let wanted = end.map_or(bytes.len(), |at| at + 1).min(LONGEST - self.line.len());
            self.line.extend(&bytes[..wanted]);
            self.reader.consume(wanted);
            if self.line.ends_with(b"\n") {
                return Some(&self.line);
            }
            if self.line.len() == LONGEST {
                self.cut = self.line.split_off(whole(&self.line));
                return Some(&self.line);
            }
        }
    }
}

/// How much of a text ends with a whole character, if it is UTF-8.
fn whole(text: &[u8]) -> usize {
    let begins = |at: &usize| text[*at] & 0xC0 != 0x80;
    let last = (text.len().saturating_sub(4)..text.len()).rev().find(begins);
    let length = |first: u8| match first {
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
        _ => 1,
    };
    last.filter(|at| at + length(text[*at]) > text.len()).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &str) -> Vec<String> {
        let mut all = Lines::new(BufReader::with_capacity(7, text.as_bytes()));
        let mut lines = Vec::new();
        while let Some(line) = all.next().await {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
        }
        lines
    }

    #[tokio::test]
    async fn lines_end_at_newlines_at_the_cap_and_at_the_end() {
        let long = "x".repeat(LONGEST);
        let text = format!("a\n\n{long}y\nlast");
        assert_eq!(lines(&text).await, ["a\n", "\n", &long, "y\n", "last"]);
    }

    #[tokio::test]
    async fn no_character_is_cut_in_two() {
        for shift in ["", "a", "ab", "abc"] {
            let text = format!("{shift}{}", "🍰".repeat(LONGEST / 4 + 1));
            let pieces = lines(&text).await;
            assert_eq!(pieces.len(), 2);
            assert_eq!(pieces.concat(), text);
        }
    }
}
