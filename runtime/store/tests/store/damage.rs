//! Locks, kills and damaged files: what was acknowledged is there, or the error says so.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use seam_store::{Keys, OpenError, Store, StoreError, Table};

/// Where the child process writes.
const FOLDER: &str = "SEAM_STORE_TEST_FOLDER";

/// This test binary again, as a process that writes and says what was acknowledged.
fn writer(path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "damage::child_that_writes_until_it_is_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of the tests that kill"]
async fn child_that_writes_until_it_is_killed() {
    let Some(path) = env::var_os(FOLDER) else { return };
    let store = Store::open_async(path).await.unwrap();
    let table: Table<u64, Vec<u8>> = store.table("rows").unwrap();
    let mirror: Table<u64, u64> = store.table("mirror").unwrap();
    println!("\nopen");
    let write = async |store: Store| {
        loop {
            let (table, mirror) = (table.clone(), mirror.clone());
            let written = store.transaction(move |tx| {
                let id = tx.next_id(&table)?;
                let size = usize::try_from(id % 97).unwrap() * 300;
                tx.insert(&table, &id, &vec![7; size])?;
                tx.insert(&mirror, &id, &id)?;
                Ok::<_, StoreError>(id)
            });
            println!("acknowledged {}", written.await.unwrap());
        }
    };
    tokio::join!(write(store.clone()), write(store.clone()), write(store.clone()), write(store));
}

/// Lets the child acknowledge so many, kills it with SIGKILL, and reads what else it said.
fn kill_after(mut child: Child, acknowledged: usize) -> Vec<u64> {
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut ids = Vec::new();
    let mut line = String::new();
    let mut killed = false;
    loop {
        line.clear();
        if said.read_line(&mut line).unwrap() == 0 {
            break;
        }
        if !killed && ids.len() >= acknowledged {
            child.kill().unwrap();
            killed = true;
        }
        if line.ends_with('\n')
            && let Some(id) = line.trim().strip_prefix("acknowledged ")
        {
            ids.push(id.parse().unwrap());
        }
    }
    child.wait().unwrap();
    assert!(killed, "the writer ended by itself");
    ids
}

async fn ids(store: &Store) -> (Vec<u64>, Vec<u64>) {
    let table: Table<u64, Vec<u8>> = store.table("rows").unwrap();
    let mirror: Table<u64, u64> = store.table("mirror").unwrap();
    let rows = table.scan(Keys::all()).await.unwrap();
    let mirrored = mirror.scan(Keys::all()).await.unwrap();
    (rows.into_iter().map(|row| row.0).collect(), mirrored.into_iter().map(|row| row.0).collect())
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test");
    let mut acknowledged = Vec::new();
    for round in [1, 40, 3, 150, 77, 0, 12] {
        acknowledged.extend(kill_after(writer(&path), round));
        let store = Store::open(&path).unwrap();
        let (rows, mirrored) = ids(&store).await;
        assert_eq!(rows, mirrored, "half a transaction");
        let mut sorted = acknowledged.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), acknowledged.len(), "an id was given twice");
        for id in sorted {
            assert!(rows.binary_search(&id).is_ok(), "{id} was acknowledged and is lost");
        }
        assert_eq!(fs::read_dir(path.join("blobs")).unwrap().count(), 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the copy is gone");
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn one_process_owns_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test");
    let mut child = writer(&path);
    let said = BufReader::new(child.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap() == "open"));
    let OpenError::Locked { owner, .. } = Store::open(&path).unwrap_err() else {
        panic!("not locked")
    };
    assert_eq!(owner, Some(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();

    let store = Store::open(&path).unwrap();
    let error = Store::open(&path).unwrap_err().to_string();
    let path = path.canonicalize().unwrap();
    assert_eq!(
        error,
        format!(
            "process {} owns the database {}, and one process owns a database at a time: \
             stop that one, or give this one another data folder",
            std::process::id(),
            path.display()
        )
    );
    store.close().await.unwrap();
}

/// A closed database with some rows.
async fn filled(path: &Path) {
    let store = Store::open(path).unwrap();
    let mut table: Table<u64, String> = store.table("rows").unwrap();
    for key in 0..300 {
        table.insert(&key, &"some text that fills the file".repeat(20)).await.unwrap();
    }
    store.close().await.unwrap();
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

/// Opens and reads everything; how many rows there are, or the first error.
async fn read_all(path: &Path) -> Result<usize, String> {
    let store = Store::open(path).map_err(|error| {
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
        error.to_string()
    })?;
    let table: Table<u64, String> = store.table("rows").unwrap();
    let rows = table.scan(Keys::all()).await;
    let rows = rows.map_err(|error| {
        assert!(matches!(error, StoreError::Corrupt { .. } | StoreError::Disk { .. }), "{error}");
        error.to_string()
    })?;
    Ok(rows.len())
}

#[tokio::test]
async fn damage_in_the_file_is_an_error_and_never_a_silent_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test");
    filled(&path).await;
    let whole = fs::read(path.join("db")).unwrap();
    let used = u64::try_from(whole.iter().rposition(|byte| *byte != 0).unwrap()).unwrap();
    let state = fs::read_to_string(path.join("seam.state")).unwrap();
    let mut errors = 0;
    for clean in [true, false] {
        for eighth in 1..8 {
            let damaged = folder.path().join(format!("{clean}-{eighth}"));
            fs::create_dir(&damaged).unwrap();
            for entry in fs::read_dir(&path).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    fs::copy(entry.path(), damaged.join(entry.file_name())).unwrap();
                }
            }
            if !clean {
                fs::write(damaged.join("seam.state"), state.replace("clean", "open ")).unwrap();
            }
            overwrite(&damaged.join("db"), used * eighth / 8, &[0xA5; 2000]);
            // Damage may lie in what later writes made obsolete, so that nothing is missing.
            match read_all(&damaged).await {
                Ok(rows) => assert_eq!(rows, 300, "lost in silence at {eighth}/8, clean: {clean}"),
                Err(error) => {
                    assert!(error.contains("damaged"), "{error}");
                    errors += 1;
                }
            }
        }
    }
    assert!(errors > 0, "no damage hit anything");
}

#[tokio::test]
async fn a_database_that_forgot_what_it_acknowledged_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test");
    filled(&path).await;
    let older = fs::read(path.join("db")).unwrap();
    let store = Store::open(&path).unwrap();
    let mut table: Table<u64, String> = store.table("rows").unwrap();
    table.insert(&1000, &"new".to_owned()).await.unwrap();
    store.close().await.unwrap();
    let state = fs::read_to_string(path.join("seam.state")).unwrap();
    fs::write(path.join("seam.state"), state.replace("clean", "open ")).unwrap();
    fs::write(path.join("db"), older).unwrap();
    for snapshot in fs::read_dir(&path).unwrap() {
        let snapshot = snapshot.unwrap();
        if snapshot.file_name().to_string_lossy().starts_with("snap.") {
            fs::remove_file(snapshot.path()).unwrap();
        }
    }
    let before = fs::read(path.join("db")).unwrap();
    let copy = folder.path().canonicalize().unwrap().join("test.before-recovery");
    for _attempt in 0..2 {
        let error = Store::open(&path).unwrap_err();
        let text = error.to_string();
        let OpenError::Corrupt { copy: Some(named), .. } = error else { panic!("{text}") };
        assert_eq!(named, copy);
        assert!(
            text.contains("is damaged: it came back as of group 300, yet group 301 was"),
            "{text}"
        );
        assert!(text.contains("put a backup in its place"), "{text}");
        let mut kept = Vec::new();
        fs::File::open(copy.join("db")).unwrap().read_to_end(&mut kept).unwrap();
        assert!(kept == before, "the copy is what was there before the first attempt");
    }
}

#[tokio::test]
async fn a_first_opening_that_was_killed_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("seam.state"), "creating   group 0 owner 1\n").unwrap();
    fs::write(path.join("conf"), "half").unwrap();
    fs::write(path.join("db"), "a quarter").unwrap();
    let store = Store::open(&path).unwrap();
    let mut table: Table<u64, String> = store.table("rows").unwrap();
    table.insert(&1, &"first".to_owned()).await.unwrap();
    store.close().await.unwrap();

    // Once something was acknowledged, nothing is cleared away.
    fs::write(path.join("seam.state"), "creating   group 1 owner 1\n").unwrap();
    let store = Store::open(&path).unwrap();
    let table: Table<u64, String> = store.table("rows").unwrap();
    assert_eq!(table.get(&1).await, Ok(Some("first".to_owned())));
}

#[tokio::test]
async fn files_that_are_no_database_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("db"), "who knows what").unwrap();
    for _attempt in 0..2 {
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Corrupt { copy: None, .. }), "{error}");
        assert!(error.to_string().contains("neither `conf` nor `seam.state`"), "{error}");
        assert_eq!(fs::read(path.join("db")).unwrap(), b"who knows what");
    }
}
