//! Where the frames of a connection begin and end, without I/O: what h2 tells nobody.

/// The place in a connection's bytes.
#[derive(Debug)]
pub(super) struct Frames {
    at: Place,
    /// A head has begun and isn't over.
    in_head: bool,
    /// How many heads have come in whole.
    heads: u64,
    /// How many requests their client has taken back.
    resets: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In what a connection begins with; so much of it is left.
    Preface { left: usize },
    /// In the head of a frame, of which so many bytes have come.
    Head { have: usize, head: [u8; HEAD] },
    /// In what a frame holds.
    Within { kind: u8, ends_head: bool, stream: u32, come: usize, left: usize },
}

/// The bytes before what a frame holds.
const HEAD: usize = 9;
const PREFACE: usize = 24;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

const BEFORE: Place = Place::Head { have: 0, head: [0; HEAD] };

impl Frames {
    pub(super) const fn new() -> Self {
        Self { at: Place::Preface { left: PREFACE }, in_head: false, heads: 0, resets: 0 }
    }

    /// Whether a head has begun and isn't over.
    pub(super) const fn in_head(&self) -> bool {
        self.in_head
    }

    /// How many heads have come in whole: tells one from the next.
    pub(super) const fn heads(&self) -> u64 {
        self.heads
    }

    /// How many streams their client has reset.
    pub(super) const fn resets(&self) -> u64 {
        self.resets
    }

    /// How much has come of a piece of that stream's body that isn't whole.
    pub(super) const fn piece(&self, stream: u32) -> usize {
        match self.at {
            Place::Within { kind: DATA, stream: other, come, .. } if other == stream => come,
            _ => 0,
        }
    }

    /// Goes on through the next bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (next, used) = match self.at {
                Place::Preface { left } => {
                    let used = left.min(bytes.len());
                    let next = match left - used {
                        0 => BEFORE,
                        left => Place::Preface { left },
                    };
                    (next, used)
                }
                Place::Head { have, mut head } => {
                    let used = (HEAD - have).min(bytes.len());
                    head[have..have + used].copy_from_slice(&bytes[..used]);
                    match have + used {
                        HEAD => (self.begin(head), used),
                        have => (Place::Head { have, head }, used),
                    }
                }
                Place::Within { kind, ends_head, stream, come, left } => {
                    let used = left.min(bytes.len());
                    let (come, left) = (come + used, left - used);
                    match left {
                        0 => (self.end(ends_head), used),
                        _ => (Place::Within { kind, ends_head, stream, come, left }, used),
                    }
                }
            };
            self.at = next;
            bytes = &bytes[used..];
        }
    }

    fn begin(&mut self, head: [u8; HEAD]) -> Place {
        let [a, b, c, kind, flags, s @ ..] = head;
        let left = u32::from_be_bytes([0, a, b, c]) as usize;
        let stream = u32::from_be_bytes(s) & (u32::MAX >> 1);
        let is_head = matches!(kind, HEADERS | CONTINUATION);
        if is_head {
            self.in_head = true;
        } else if kind == RST_STREAM {
            self.resets += 1;
        }
        let ends_head = is_head && flags & END_HEADERS != 0;
        match left {
            0 => self.end(ends_head),
            left => Place::Within { kind, ends_head, stream, come: 0, left },
        }
    }

    fn end(&mut self, ends_head: bool) -> Place {
        if ends_head {
            self.in_head = false;
            self.heads += 1;
        }
        BEFORE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, length: usize) -> Vec<u8> {
        let mut frame = (length as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.resize(HEAD + length, 7);
        frame
    }

    #[test]
    fn frames_are_followed_in_pieces_of_any_size() {
        let mut bytes = vec![b'P'; PREFACE];
        bytes.extend(frame(4, 0, 0, 12));
        bytes.extend(frame(HEADERS, 0, 1, 30));
        let half = bytes.len();
        bytes.extend(frame(CONTINUATION, 0, 1, 0));
        bytes.extend(frame(CONTINUATION, END_HEADERS, 1, 5));
        bytes.extend(frame(HEADERS, END_HEADERS, 3, 5));
        bytes.extend(frame(RST_STREAM, 0, 3, 4));
        let before = bytes.len();
        bytes.extend(frame(DATA, 0, 1, 100));
        for size in 1..bytes.len() {
            let mut frames = Frames::new();
            for piece in bytes[..half].chunks(size) {
                frames.pass(piece);
            }
            assert!(frames.in_head() && frames.heads() == 0);
            for piece in bytes[half..before].chunks(size) {
                frames.pass(piece);
            }
            assert_eq!((frames.in_head(), frames.heads(), frames.resets()), (false, 2, 1));
            frames.pass(&bytes[before..before + HEAD + 60]);
            assert_eq!((frames.piece(1), frames.piece(3)), (60, 0));
            frames.pass(&bytes[before + HEAD + 60..]);
            assert_eq!((frames.piece(1), frames.at), (0, BEFORE));
        }
    }
}
