//! A record, its limits, and its bytes on disk.

use crate::LogError;

/// Where a record is in its log: from 1, without gaps.
pub type Position = u64;

/// A time, in milliseconds since 1970 (UTC).
pub type Millis = u64;

/// The longest topic, in bytes.
pub const MAX_TOPIC: usize = 255;
/// The longest key, in bytes.
pub const MAX_KEY: usize = 1024;
/// The most that headers may take, in bytes.
pub const MAX_HEADERS: usize = 1024;
/// The longest body, in bytes: 64 KiB, and some for what wraps it.
pub const MAX_BODY: usize = 66 * 1024;
/// The most that the records of one append may take, in bytes.
pub const MAX_APPEND: usize = 8 * 1024 * 1024;

/// How records are written now. The first byte of each.
const FORMAT: u8 = 1;

/// One event, as it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it is. Given by whoever appends it.
    pub position: Position,
    /// When it happened. It decides how long the record is kept; times of later records are expected
    /// not to be earlier.
    pub at: Millis,
    /// What it is, as `order.paid`.
    pub topic: String,
    /// In which version of the topic its body is.
    pub version: u16,
    /// Whom it concerns: events of one key are handled in order. The log doesn't look at it.
    pub key: Vec<u8>,
    /// What goes beside the body, as the context of a trace. The log doesn't look at it.
    pub headers: Vec<u8>,
    /// The event. The log doesn't look at it.
    pub body: Vec<u8>,
}

impl Record {
    /// An event of version 1, without a key and headers.
    pub fn new(position: Position, at: Millis, topic: &str, body: &[u8]) -> Self {
        let (key, headers) = (Vec::new(), Vec::new());
        Self {
            position,
            at,
            topic: topic.to_owned(),
            version: 1,
            key,
            headers,
            body: body.to_vec(),
        }
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: &[u8]) -> Self {
        self.key = key.to_vec();
        self
    }

    /// With its body in this version of the topic.
    #[must_use]
    pub const fn version(mut self, version: u16) -> Self {
        self.version = version;
        self
    }

    /// With these headers.
    #[must_use]
    pub fn headers(mut self, headers: &[u8]) -> Self {
        self.headers = headers.to_vec();
        self
    }

    /// Its bytes, without the position: format, time, version, then topic, key and headers, each
    /// after its length, and the body. Numbers are big-endian.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, LogError> {
        let parts = [
            ("topic", self.topic.as_bytes(), MAX_TOPIC),
            ("key", &self.key, MAX_KEY),
            ("header", &self.headers, MAX_HEADERS),
            ("body", &self.body, MAX_BODY),
        ];
        for (what, part, limit) in parts {
            if part.len() > limit {
                return Err(LogError::TooLarge { what, size: part.len(), limit });
            }
        }
        let size = parts.iter().map(|(_, part, _)| part.len() + 2).sum::<usize>() + 11;
        let mut bytes = Vec::with_capacity(size);
        bytes.push(FORMAT);
        bytes.extend(self.at.to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        for (_, part, _) in &parts[..3] {
            // It was held to its limit.
            bytes.extend(u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(*part);
        }
        bytes.extend(&self.body);
        Ok(bytes)
    }

    /// None if these are no record's bytes.
    pub(crate) fn decode(position: Position, bytes: &[u8]) -> Option<Self> {
        let (at, rest) = head(bytes)?;
        let (version, rest) =
            rest.split_first_chunk().map(|(n, rest)| (u16::from_be_bytes(*n), rest))?;
        let (topic, rest) = part(rest)?;
        let (key, rest) = part(rest)?;
        let (headers, body) = part(rest)?;
        Some(Self {
            position,
            at,
            topic: str::from_utf8(topic).ok()?.to_owned(),
            version,
            key: key.to_vec(),
            headers: headers.to_vec(),
            body: body.to_vec(),
        })
    }

    /// The time in a record's bytes.
    pub(crate) fn time(bytes: &[u8]) -> Option<Millis> {
        head(bytes).map(|(at, _)| at)
    }
}

fn head(bytes: &[u8]) -> Option<(Millis, &[u8])> {
    let (&FORMAT, rest) = bytes.split_first()? else { return None };
    rest.split_first_chunk().map(|(at, rest)| (u64::from_be_bytes(*at), rest))
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let record = Record::new(7, 42, "order.paid", b"body").key(b"k").version(3).headers(b"h");
        let bytes = record.encode().unwrap();
        assert_eq!(Record::time(&bytes), Some(42));
        assert_eq!(Record::decode(7, &bytes), Some(record));
        let empty = Record::new(1, 0, "", b"");
        assert_eq!(Record::decode(1, &empty.encode().unwrap()), Some(empty));
    }

    #[test]
    fn cut_or_foreign_bytes_are_no_record() {
        let bytes =
            Record::new(7, 42, "order.paid", b"").key(b"key").headers(b"h").encode().unwrap();
        for end in 0..bytes.len() {
            assert_eq!(Record::decode(7, &bytes[..end]), None, "{end}");
        }
        assert_eq!(Record::decode(7, &[&[9], &bytes[1..]].concat()), None);
    }

    #[test]
    fn each_part_has_its_limit() {
        let over = |record: Record| match record.encode() {
            Err(LogError::TooLarge { what, size, limit }) => (what, size - limit),
            other => panic!("{other:?}"),
        };
        let record = Record::new(1, 0, "t", b"");
        assert_eq!(
            over(Record { topic: "t".repeat(MAX_TOPIC + 1), ..record.clone() }),
            ("topic", 1)
        );
        assert_eq!(over(record.clone().key(&[0; MAX_KEY + 1])), ("key", 1));
        assert_eq!(over(record.clone().headers(&[0; MAX_HEADERS + 1])), ("header", 1));
        assert_eq!(over(Record { body: vec![0; MAX_BODY + 1], ..record.clone() }), ("body", 1));
        assert!(Record { body: vec![0; MAX_BODY], ..record }.encode().is_ok());
    }
}
