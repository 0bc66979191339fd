//! The log lines of several processes, side by side.

use std::io::{self, Write};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};

/// A longer line is shown in pieces of this many bytes.
const LONGEST: usize = 64 << 10;

/// Terminal colours that read well on dark and light.
const COLOURS: [u8; 6] = [36, 33, 32, 35, 34, 31];

/// How a unit's lines begin.
#[derive(Clone, Debug)]
pub(super) enum Prefix {
    /// `pay   | `, perhaps in colour.
    Text(String),
    /// Lines are JSON objects: the unit becomes their first field.
    Json(String),
}

impl Prefix {
    /// Of a unit among others: names are padded to `width`, and coloured if `colour` says so.
    pub(super) fn text(unit: &str, index: usize, width: usize, colour: bool) -> Self {
        let name = format!("{unit:width$} |");
        Self::Text(match colour {
            true => format!("\x1b[{}m{name}\x1b[0m ", COLOURS[index % COLOURS.len()]),
            false => format!("{name} "),
        })
    }

    /// The whole line, its end included.
    pub(super) fn line(&self, text: &[u8]) -> Vec<u8> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut line = Vec::with_capacity(text.len() + 48);
        match (self, text.strip_prefix(b"{")) {
            (Self::Json(unit), Some(rest)) => {
                let comma = if rest.trim_ascii_start().starts_with(b"}") { "" } else { "," };
                line.extend(format!("{{\"unit\":{}{comma}", quoted(unit)).bytes());
                line.extend(rest);
            }
            (Self::Json(unit), None) => {
                let text = quoted(&String::from_utf8_lossy(text));
                line.extend(format!("{{\"unit\":{},\"message\":{text}}}", quoted(unit)).bytes());
            }
            (Self::Text(prefix), _) => {
                line.extend(prefix.bytes());
                line.extend(text);
            }
        }
        line.push(b'\n');
        line
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Where a child's lines go: to where it would have written them itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum To {
    Stdout,
    Stderr,
}

impl To {
    /// Writes one whole line. If nobody reads it any more, there is nobody to tell.
    pub(super) fn write(self, line: &[u8]) {
        let _ = match self {
            Self::Stdout => io::stdout().lock().write_all(line),
            Self::Stderr => io::stderr().lock().write_all(line),
        };
    }
}

/// Copies lines until the stream ends, each with the prefix and in one piece.
pub(super) async fn copy(from: Option<impl AsyncRead + Unpin>, prefix: Prefix, to: To) {
    let Some(from) = from else { return };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while next_line(&mut reader, &mut line).await {
        to.write(&prefix.line(&line));
    }
}

/// Reads up to the end of a line, of the stream, or of what fits; `false` at the end.
async fn next_line(reader: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> bool {
    line.clear();
    loop {
        let Ok(bytes) = reader.fill_buf().await else { return !line.is_empty() };
        if bytes.is_empty() {
            return !line.is_empty();
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let wanted = end.map_or(bytes.len(), |at| at + 1).min(LONGEST - line.len());
        line.extend(&bytes[..wanted]);
        reader.consume(wanted);
        if line.ends_with(b"\n") || line.len() == LONGEST {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(prefix: &Prefix, text: &str) -> String {
        String::from_utf8(prefix.line(text.as_bytes())).unwrap()
    }

    #[test]
    fn names_are_aligned_and_coloured() {
        assert_eq!(line(&Prefix::text("pay", 0, 5, false), "hello\r\n"), "pay   | hello\n");
        assert_eq!(line(&Prefix::text("pay", 7, 3, true), "x"), "\x1b[33mpay |\x1b[0m x\n");
    }

    #[test]
    fn json_lines_stay_json() {
        let prefix = Prefix::Json("pay".into());
        assert_eq!(line(&prefix, "{\"a\":1}\n"), "{\"unit\":\"pay\",\"a\":1}\n");
        assert_eq!(line(&prefix, "{}"), "{\"unit\":\"pay\"}\n");
        assert_eq!(
            line(&prefix, "oh \"no\""),
            "{\"unit\":\"pay\",\"message\":\"oh \\\"no\\\"\"}\n"
        );
    }

    #[tokio::test]
    async fn lines_end_at_newlines_at_the_cap_and_at_the_end() {
        let long = "x".repeat(LONGEST);
        let text = format!("a\n\n{long}y\nlast");
        let mut reader = BufReader::with_capacity(7, text.as_bytes());
        let mut lines = Vec::new();
        let mut line = Vec::new();
        while next_line(&mut reader, &mut line).await {
            lines.push(String::from_utf8(line.clone()).unwrap());
        }
        assert_eq!(lines, ["a\n", "\n", &long, "y\n", "last"]);
    }
}
