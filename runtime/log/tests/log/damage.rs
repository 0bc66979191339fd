//! Damaged files: an error that says so, and nothing given up.

use std::{
    fs,
    path::{Path, PathBuf},
};

use seam_log::{Log, LogError, LogOptions};

use crate::{open, records};

/// A folder with so many records in the journal, each appended by itself, and where each begins.
async fn filled(count: u64) -> (tempfile::TempDir, PathBuf, Vec<usize>) {
    let folder = tempfile::tempdir().unwrap();
    // Which keeps the journal short.
    let log = Log::open(folder.path(), LogOptions::default().keep_bytes(1 << 20)).unwrap();
    let mut ends = vec![0];
    let journal = folder.path().join("records/1.jnl");
    for position in 1..=count {
        log.append(records(position..=position)).await.unwrap();
        let bytes = fs::read(&journal).unwrap();
        ends.push(bytes.len());
    }
    log.close().await.unwrap();
    (folder, journal, ends)
}

fn change(file: &Path, work: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = fs::read(file).unwrap();
    work(&mut bytes);
    fs::write(file, &bytes).unwrap();
    bytes
}

fn corrupt(folder: &Path) -> String {
    match Log::open(folder, LogOptions::default()) {
        Err(LogError::Corrupt { cause, .. }) => cause,
        other => panic!("{other:?}"),
    }
}

/// Makes the state one of before, as a power cut does.
fn forget(folder: &Path, head: u64) {
    let state = format!("head {head:020} first {:020} owner {:010}\n", 1, 1);
    fs::write(folder.join("seam.state"), state).unwrap();
}

#[tokio::test]
async fn a_damaged_middle_is_an_error_and_stays_as_it_is() {
    let (folder, journal, ends) = filled(5).await;
    let bytes = change(&journal, |bytes| bytes[ends[2] + 60] ^= 0x55);
    assert!(corrupt(folder.path()).contains("isn't what was written"));
    assert_eq!(fs::read(&journal).unwrap(), bytes);
    forget(folder.path(), 0);
    corrupt(folder.path());
    assert_eq!(fs::read(&journal).unwrap(), bytes);
}

#[tokio::test]
async fn a_torn_end_goes_if_nobody_was_told_of_it() {
    // Its end cut off, its middle lost, a foreign byte where it begins.
    let tears: [fn(&mut Vec<u8>, usize, usize); 3] = [
        |bytes, _, end| bytes.truncate(end - 7),
        |bytes, start, _| bytes[start + 40..start + 70].fill(0),
        |bytes, start, _| bytes[start] = 0x55,
    ];
    for tear in tears {
        let (folder, journal, ends) = filled(5).await;
        change(&journal, |bytes| tear(bytes, ends[4], ends[5]));
        forget(folder.path(), 3);
        let log = open(folder.path());
        assert_eq!(log.head(), 4);
        assert_eq!(log.append(records(5..=6)).await, Ok(6));
        assert_eq!(log.read(1, 99, 1 << 20).await.unwrap().records, records(1..=6));
        log.close().await.unwrap();
        assert_eq!(open(folder.path()).head(), 6);
        assert!(!folder.path().join("seam.cut").exists());
    }
}

#[tokio::test]
async fn a_torn_end_that_somebody_was_told_of_is_an_error_and_kept_aside() {
    let (folder, journal, ends) = filled(5).await;
    change(&journal, |bytes| bytes[ends[4] + 50] ^= 0x55);
    for _ in 0..2 {
        assert!(corrupt(folder.path()).contains("it ends at 4, yet 5 was acknowledged"));
        let aside = fs::read(folder.path().join("seam.cut")).unwrap();
        assert_eq!(aside.len(), ends[5] - ends[4]);
    }
}

#[tokio::test]
async fn records_that_are_gone_are_an_error() {
    let (folder, _, _) = filled(3).await;
    fs::rename(folder.path().join("records"), folder.path().join("elsewhere")).unwrap();
    assert_eq!(corrupt(folder.path()), "its records are gone");
    assert!(!folder.path().join("records").exists());
    // Nor is anything begun in a folder of something else.
    fs::remove_file(folder.path().join("seam.state")).unwrap();
    assert!(corrupt(folder.path()).contains("no `seam.state`"));
}

#[tokio::test]
async fn a_lost_table_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let options = LogOptions::default().keep_bytes(1 << 20);
    let log = Log::open(folder.path(), options).unwrap();
    for start in (1..=3000).step_by(100) {
        log.append(records(start..start + 100)).await.unwrap();
    }
    log.close().await.unwrap();
    let tables = folder.path().join("records/keyspaces/1/tables");
    let mut tables: Vec<_> = fs::read_dir(tables).unwrap().map(|e| e.unwrap().path()).collect();
    tables.sort();
    assert!(tables.len() > 1);
    // Each byte of a table is in a block with a checksum.
    change(&tables[1], |bytes| bytes[1000] ^= 0x55);
    let read_all = async || {
        let log = Log::open(folder.path(), options)?;
        let mut next = log.first();
        while next <= log.head() {
            next += log.read(next, 1000, 1 << 20).await?.records.len() as u64;
        }
        Ok::<_, LogError>(())
    };
    assert_eq!(read_all().await.unwrap_err().code(), "log_corrupt");
    fs::remove_file(&tables[1]).unwrap();
    assert_eq!(read_all().await.unwrap_err().code(), "log_corrupt");
}

#[tokio::test]
async fn an_opening_that_never_finished_is_begun_anew() {
    let (folder, _, _) = filled(0).await;
    fs::remove_file(folder.path().join("records/version")).unwrap();
    let log = open(folder.path());
    assert_eq!(log.append(records(1..=1)).await, Ok(1));
}
