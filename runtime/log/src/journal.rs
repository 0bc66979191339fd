//! The engine's journals, looked at before it opens them.
//!
//! At the first bytes that aren't a batch's it would cut a journal off, whatever comes after them; and
//! it wouldn't open at all for a last batch that has its end, but not its middle, as a power cut may
//! leave one. So what nobody was told of is cut off here, and anything else is damage.

use std::{
    fs::{self, File, OpenOptions},
    hash::Hasher,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::Xxh3;

use crate::{LogError, error::failed};

/// What was cut off goes here, in the log's folder, until it is known that nobody was told of it.
pub(crate) const CUT: &str = "seam.cut";

/// The engine's tags, and what each batch ends with.
const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const MAGIC: &[u8] = b"FJL\x03";

/// Room that isn't used yet.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// No key or value of ours is longer.
const LONGEST: usize = 1024 * 1024;

/// The journals and their numbers, oldest first.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut journals = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "jnl")
            && let Some(number) = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok())
        {
            journals.push((number, path));
        }
    }
    journals.sort_unstable();
    Ok(journals)
}

/// Looks at the journals of an engine, and cuts off a torn end of the last.
pub(crate) fn check(folder: &Path, records: &Path) -> Result<(), LogError> {
    if !records.exists() {
        return Ok(());
    }
    let journals = files(records).map_err(failed("read the folder", records))?;
    for (index, (_, journal)) in journals.iter().enumerate() {
        let (intact, rest) = torn(journal).map_err(failed("read", journal))?;
        if rest.is_empty() {
            continue;
        }
        if index + 1 < journals.len() || (1..rest.len()).any(|at| begins_batch(&rest[at..])) {
            let name = journal.display();
            let cause = format!("{name} isn't what was written, at byte {intact} or soon after");
            return Err(LogError::corrupt(folder, cause));
        }
        tracing::info!(
            journal = %journal.display(), at = intact, bytes = rest.len(),
            "the last write was cut short: nobody was told of it"
        );
        let aside = folder.join(CUT);
        fs::write(&aside, &rest).map_err(failed("write", &aside))?;
        cut(journal, intact).map_err(failed("cut the torn end of", journal))?;
    }
    Ok(())
}

fn cut(journal: &Path, at: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(journal)?;
    file.set_len(at)?;
    file.sync_all()
}

/// Where the intact batches end, and what comes then but for the zeros of room that isn't used yet.
fn torn(journal: &Path) -> io::Result<(u64, Vec<u8>)> {
    let mut reader = BufReader::with_capacity(64 * 1024, File::open(journal)?);
    let mut intact = 0;
    while let Some(length) = batch(&mut reader)? {
        intact += length;
    }
    reader.seek(SeekFrom::Start(intact))?;
    let mut rest = Vec::new();
    let mut piece = vec![0; ZEROS.len()];
    let mut zeros = 0;
    loop {
        let length = reader.read(&mut piece)?;
        if length == 0 {
            return Ok((intact, rest));
        }
        let piece = &piece[..length];
        if *piece == ZEROS[..length] {
            zeros += length;
        } else {
            let last = piece.iter().rposition(|&byte| byte != 0).unwrap_or(0);
            rest.resize(rest.len() + zeros, 0);
            rest.extend(&piece[..=last]);
            zeros = length - last - 1;
        }
    }
}

fn begins_batch(mut bytes: &[u8]) -> bool {
    bytes.first() == Some(&START) && matches!(batch(&mut bytes), Ok(Some(_)))
}

/// The length of the batch that comes next; none if what comes isn't one.
fn batch(reader: &mut impl Read) -> io::Result<Option<u64>> {
    match read_batch(reader) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read,
    }
}

fn read_batch(reader: &mut impl Read) -> io::Result<Option<u64>> {
    let (tag, [a, b, c, d, ..]) = (read::<1>(reader)?, read::<12>(reader)?);
    if tag != [START] {
        return Ok(None);
    }
    let mut length = 13;
    let mut checksum = Xxh3::default();
    let mut content = Vec::new();
    for _ in 0..u32::from_le_bytes([a, b, c, d]) {
        // Tag, type, compression, keyspace, the length of the key, and twice the value's.
        let head = read::<21>(reader)?;
        let size = u32::from_le_bytes([head[17], head[18], head[19], head[20]]) as usize;
        if (head[0], head[2]) != (ITEM, 0) || size > LONGEST {
            return Ok(None);
        }
        content.resize(usize::from(u16::from_le_bytes([head[11], head[12]])) + size, 0);
        reader.read_exact(&mut content)?;
        checksum.write(&head);
        checksum.write(&content);
        length += (head.len() + content.len()) as u64;
    }
    let (tag, sum, magic) = (read::<1>(reader)?, read::<8>(reader)?, read::<4>(reader)?);
    let intact = tag == [END] && u64::from_le_bytes(sum) == checksum.finish() && magic == MAGIC;
    Ok(intact.then_some(length + 13))
}

fn read<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}
