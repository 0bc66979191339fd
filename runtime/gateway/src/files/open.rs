//! Files, found and read: for threads that may wait for a disk.

use std::fs;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::stream;
use tokio::task::spawn_blocking;

use super::media::media_type;
use super::{Wanted, is_shown};
use crate::response::{Chunks, Content};
use crate::tag::Tag;

/// Up to here files are read whole, and known by what is in them.
const SMALL: u64 = 256 << 10;
/// What is read at once of larger ones.
const PIECE: usize = 64 << 10;
/// What a folder shows.
const INDEX: &str = "index.html";

/// What there is under a path.
#[derive(Debug)]
pub(crate) enum Found {
    File(File),
    /// A folder that has something to show, asked for without its slash.
    Folder,
    Nothing,
}

/// A file, as it is now.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) media_type: &'static str,
    pub(crate) modified: SystemTime,
    pub(crate) length: u64,
    pub(crate) tag: Tag,
    content: Holds,
}

#[derive(Debug)]
enum Holds {
    Bytes(Bytes),
    File(fs::File),
}

/// Opens what is wanted.
///
/// # Errors
/// What keeps it from being read, if it is there and may be.
pub(crate) fn open(wanted: &Wanted) -> io::Result<Found> {
    match found(wanted) {
        Err(error) if is_nothing(&error) => Ok(Found::Nothing),
        found => found,
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidInput
    )
}

fn found(wanted: &Wanted) -> io::Result<Found> {
    let root = wanted.folder.canonicalize()?;
    let mut path = root.clone();
    path.extend(&wanted.segments);
    let meant = fs::metadata(&path)?;
    if meant.is_dir() {
        let index = path.join(INDEX);
        return match wanted.is_folder {
            true => read(&root, &index),
            false if within(&root, &index)?.is_some() => Ok(Found::Folder),
            false => Ok(Found::Nothing),
        };
    }
    if wanted.is_folder { Ok(Found::Nothing) } else { read(&root, &path) }
}

/// Where a path leads, if that is a file which is shown: links may lead about in the folder, and not
/// out of it.
fn within(root: &Path, path: &Path) -> io::Result<Option<std::path::PathBuf>> {
    let real = path.canonicalize()?;
    let shown = real
        .strip_prefix(root)
        .is_ok_and(|below| below.iter().all(|name| name.to_str().is_some_and(is_shown)));
    // A pipe would be waited for, and a device has no end.
    Ok((shown && fs::metadata(&real)?.is_file()).then_some(real))
}

fn read(root: &Path, path: &Path) -> io::Result<Found> {
    let Some(real) = within(root, path)? else { return Ok(Found::Nothing) };
    let mut file = fs::File::open(real)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Found::Nothing);
    }
    let modified = metadata.modified()?.min(SystemTime::now());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let media_type = media_type(name);
    if metadata.len() <= SMALL {
        let mut content = Vec::with_capacity(metadata.len() as usize + 1);
        // It may have grown meanwhile.
        if file.by_ref().take(SMALL + 1).read_to_end(&mut content)? as u64 <= SMALL {
            let (tag, length) = (Tag::of(&content), content.len() as u64);
            let content = Holds::Bytes(content.into());
            return Ok(Found::File(File { media_type, modified, length, tag, content }));
        }
        file.seek(SeekFrom::Start(0))?;
    }
    let metadata = file.metadata()?;
    let (length, modified) = (metadata.len(), metadata.modified()?.min(SystemTime::now()));
    let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let tag = Tag::of(format!("{length} {age}").as_bytes());
    Ok(Found::File(File { media_type, modified, length, tag, content: Holds::File(file) }))
}

impl File {
    /// These bytes of it.
    pub(crate) fn content(self, part: Range<u64>) -> Content {
        match self.content {
            // They are some of those that it has, which fit memory.
            Holds::Bytes(bytes) => {
                Content::Bytes(bytes.slice(part.start as usize..part.end as usize))
            }
            Holds::File(file) => {
                Content::Stream { length: Some(part.end - part.start), chunks: chunks(file, part) }
            }
        }
    }
}

/// The pieces of a file, each read when it is asked for, and beside the thread that asks.
fn chunks(file: fs::File, part: Range<u64>) -> Chunks {
    Box::pin(stream::unfold(Some((file, part)), |state| async {
        let (file, part) = state?;
        if part.is_empty() {
            return None;
        }
        let read = spawn_blocking(move || piece(file, part)).await;
        Some(match read.map_err(io::Error::other).and_then(|read| read) {
            Ok((piece, file, rest)) => (Ok(piece), Some((file, rest))),
            Err(error) => (Err(error), None),
        })
    }))
}

/// # Errors
/// [`ErrorKind::UnexpectedEof`] too: it was cut meanwhile, and more was promised.
fn piece(mut file: fs::File, part: Range<u64>) -> io::Result<(Bytes, fs::File, Range<u64>)> {
    let length = usize::try_from(part.end - part.start).unwrap_or(PIECE).min(PIECE);
    let mut piece = vec![0; length];
    file.seek(SeekFrom::Start(part.start))?;
    file.read_exact(&mut piece)?;
    Ok((piece.into(), file, part.start + length as u64..part.end))
}
