//! Codings of contents: which one a client would have, and how it is done.

mod accept;
mod coded;
mod compress;
mod media;

pub(crate) use self::accept::accepted;
pub(crate) use self::coded::Coded;
pub(crate) use self::compress::{pieces, whole};
pub(crate) use self::media::is_compressible;

/// A coding that contents are sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Brotli,
    Zstd,
}

impl Coding {
    /// As headers name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}
