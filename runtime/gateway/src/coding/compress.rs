//! Contents, coded: whole, or piece by piece as they come.
//!
//! The levels are those that cost about as much as the rest of an answer, and the windows are small:
//! what is coded here is coded for one client.

use std::io::{self, Write};

use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};

use super::Coding;
use crate::response::Chunks;

/// Larger contents are coded beside the threads that serve.
const INLINE: usize = 64 << 10;
const GZIP: Compression = Compression::new(5);
const BROTLI: i32 = 4;
/// Of a window of 2^18 bytes.
const BROTLI_WINDOW: i32 = 18;
const BROTLI_BUFFER: usize = 4 << 10;
const ZSTD: i32 = 3;
/// Of 2^18 bytes, as brotli's.
const ZSTD_WINDOW: u32 = 18;

/// Codes a content.
pub(crate) async fn whole(coding: Coding, content: Bytes) -> io::Result<Bytes> {
    if content.len() <= INLINE {
        return at_once(coding, &content);
    }
    let coded = tokio::task::spawn_blocking(move || at_once(coding, &content)).await;
    coded.map_err(io::Error::other)?
}

fn at_once(coding: Coding, content: &[u8]) -> io::Result<Bytes> {
    let mut encoder = Encoder::new(coding, content.len() / 4)?;
    encoder.write(content)?;
    Ok(encoder.finish()?.into())
}

/// Codes pieces as they come: each can be read when it has come.
pub(crate) fn pieces(coding: Coding, chunks: Chunks) -> Chunks {
    let begun = Encoder::new(coding, 0).map(|encoder| (encoder, chunks));
    let coded = stream::unfold(Some(begun), |state| async {
        let (mut encoder, mut chunks) = match state? {
            Ok(begun) => begun,
            Err(error) => return Some((Err(error), None)),
        };
        loop {
            let coded = match chunks.next().await {
                Some(Ok(chunk)) if chunk.is_empty() => continue,
                Some(Ok(chunk)) => encoder.piece(&chunk),
                Some(Err(error)) => Err(error),
                None => return Some((encoder.finish().map(Bytes::from), None)),
            };
            return Some(match coded {
                Ok(coded) if coded.is_empty() => continue,
                Ok(coded) => (Ok(coded), Some(Ok((encoder, chunks)))),
                Err(error) => (Err(error), None),
            });
        }
    });
    Box::pin(coded)
}

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding, capacity: usize) -> io::Result<Self> {
        let out = Vec::with_capacity(capacity);
        Ok(match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(out, GZIP)),
            Coding::Brotli => {
                let params = BrotliEncoderParams {
                    quality: BROTLI,
                    lgwin: BROTLI_WINDOW,
                    ..BrotliEncoderParams::default()
                };
                Self::Brotli(Box::new(CompressorWriter::with_params(out, BROTLI_BUFFER, &params)))
            }
            Coding::Zstd => {
                let mut encoder = zstd::Encoder::new(out, ZSTD)?;
                encoder.window_log(ZSTD_WINDOW)?;
                Self::Zstd(encoder)
            }
        })
    }

    fn write(&mut self, content: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(content),
            Self::Brotli(encoder) => encoder.write_all(content),
            Self::Zstd(encoder) => encoder.write_all(content),
        }
    }

    /// What a piece becomes, all of it.
    fn piece(&mut self, content: &[u8]) -> io::Result<Bytes> {
        self.write(content)?;
        let out = match self {
            Self::Gzip(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Brotli(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Zstd(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
        };
        Ok(std::mem::take(out).into())
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const ALL: [Coding; 3] = [Coding::Gzip, Coding::Brotli, Coding::Zstd];

    fn decoded(coding: Coding, coded: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            Coding::Gzip => flate2::read::GzDecoder::new(coded).read_to_end(&mut plain),
            Coding::Brotli => brotli::Decompressor::new(coded, 4096).read_to_end(&mut plain),
            Coding::Zstd => zstd::Decoder::new(coded).unwrap().read_to_end(&mut plain),
        }
        .unwrap();
        plain
    }

    #[tokio::test]
    async fn what_was_coded_can_be_read() {
        let text: String = (0..40_000).map(|number| format!("{number},")).collect();
        for (coding, length) in
            ALL.into_iter().flat_map(|coding| [(coding, 1500), (coding, 200_000)])
        {
            let content = Bytes::from(text.as_bytes()[..length].to_vec());
            let coded = whole(coding, content.clone()).await.unwrap();
            assert!(coded.len() < length / 2, "{coding:?}: {}", coded.len());
            assert_eq!(decoded(coding, &coded), content);
            let again = whole(coding, content.clone()).await.unwrap();
            assert_eq!(again, coded, "{coding:?}: its tag says that it is the same");
        }
    }

    #[tokio::test]
    async fn each_piece_can_be_read_when_it_has_come() {
        for coding in ALL {
            let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, io::Error>>(4);
            let source = stream::unfold(receiver, |mut receiver| async move {
                Some((receiver.recv().await?, receiver))
            });
            let mut coded = pieces(coding, Box::pin(source));
            let mut all = Vec::new();
            for piece in ["a first piece", "", "and a second one"] {
                sender.send(Ok(Bytes::from(piece))).await.unwrap();
                if !piece.is_empty() {
                    all.extend_from_slice(&coded.next().await.unwrap().unwrap());
                    assert!(readable(coding, &all).ends_with(piece.as_bytes()), "{coding:?}");
                }
            }
            drop(sender);
            while let Some(piece) = coded.next().await {
                all.extend_from_slice(&piece.unwrap());
            }
            assert_eq!(decoded(coding, &all), b"a first pieceand a second one");
        }
    }

    /// What can be read of a content whose end hasn't come.
    fn readable(coding: Coding, coded: &[u8]) -> Vec<u8> {
        let mut reader: Box<dyn Read + '_> = match coding {
            Coding::Gzip => Box::new(flate2::read::GzDecoder::new(coded)),
            Coding::Brotli => Box::new(brotli::Decompressor::new(coded, 4096)),
            Coding::Zstd => Box::new(zstd::Decoder::new(coded).unwrap()),
        };
        let (mut plain, mut buffer) = (Vec::new(), [0; 64]);
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            plain.extend_from_slice(&buffer[..read]);
        }
        plain
    }

    #[tokio::test]
    async fn a_broken_stream_stays_broken() {
        let source = stream::iter([Ok(Bytes::from("x")), Err(io::Error::other("gone"))]);
        let mut coded = pieces(Coding::Gzip, Box::pin(source));
        assert!(coded.next().await.unwrap().is_ok());
        assert!(coded.next().await.unwrap().is_err());
        assert!(coded.next().await.is_none());
    }
}
