//! Several stores on one schema, as the instances of a service have them.

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Barrier, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use seam_store::{
    Condition, CopyError, Index, Keys, OpenError, Postgres, Sled, Store, StoreError, StoreOptions,
    Table, copy,
};

use crate::{proxy::Proxy, scene::Scene, server};

type Numbers = Table<u64, u64>;
type ByValue = Index<u64, u64, u64>;

fn numbers(store: &Store) -> Numbers {
    store.table("numbers").unwrap()
}

fn by_value(store: &Store) -> ByValue {
    numbers(store).index("by_value", |_, value| *value).unwrap()
}

/// Gives a row an id.
async fn add(table: Numbers) -> Result<u64, StoreError> {
    let inside = table.clone();
    let added = table.store().transaction(move |tx| {
        let id = tx.next_id(&inside)?;
        tx.insert(&inside, &id, &id)?;
        Ok::<_, StoreError>(id)
    });
    Ok(added.await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_have_no_gaps_over_two_stores() {
    const WRITERS: usize = 8;
    const EACH: usize = 25;
    let Some(scene) = Scene::postgres() else { return };
    let stores = [scene.open(), scene.open()];
    let mut writers = tokio::task::JoinSet::new();
    for table in stores.iter().map(numbers) {
        for _ in 0..WRITERS {
            let table = table.clone();
            writers.spawn(async move {
                let mut ids = Vec::new();
                for _ in 0..EACH {
                    let id = add(table.clone()).await.unwrap();
                    assert_eq!(table.get(&id).await, Ok(Some(id)), "its own are read at once");
                    ids.push(id);
                }
                assert!(ids.is_sorted());
                ids
            });
        }
    }
    let all: Vec<u64> = writers.join_all().await.into_iter().flatten().collect();
    let last = (2 * WRITERS * EACH) as u64;
    assert_eq!(all.len() as u64, last);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), (1..=last).collect());
    for store in &stores {
        assert_eq!(numbers(store).count().await, Ok(last));
    }
}

#[tokio::test]
async fn what_one_wrote_the_other_reads() {
    let Some(scene) = Scene::postgres() else { return };
    let (one, other) = (scene.open(), scene.open());
    let (mut here, there) = (numbers(&one), numbers(&other));
    for value in 0..3 {
        here.insert(&1, &value).await.unwrap();
        assert_eq!(there.get(&1).await, Ok(Some(value)), "nothing is told from memory");
    }
    one.close().await.unwrap();
    assert_eq!(there.get(&1).await, Ok(Some(2)));
}

#[test]
fn a_schema_is_made_once_whoever_comes_first() {
    let Some(scene) = Scene::postgres() else { return };
    let begin = Barrier::new(6);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                begin.wait();
                let added = pollster::block_on(add(numbers(&scene.open())));
                added.unwrap();
            });
        }
    });
    assert_eq!(pollster::block_on(numbers(&scene.open()).count()), Ok(6));
}

#[tokio::test]
async fn who_stands_still_in_a_transaction_holds_nobody_up() {
    let Some(scene) = Scene::postgres() else { return };
    let (still, other) = (scene.open(), scene.open());
    let (mut stuck, table) = (numbers(&still), numbers(&other));
    let (in_it, is_in_it) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let inside = stuck.clone();
    let frozen = tokio::spawn(still.transaction(move |tx| {
        tx.insert(&inside, &7, &7)?;
        in_it.send(()).unwrap();
        // Until the test lets it go on, or has failed.
        let _ = released.recv();
        Ok::<_, StoreError>(())
    }));
    tokio::task::spawn_blocking(move || is_in_it.recv()).await.unwrap().unwrap();
    let begun = Instant::now();
    assert_eq!(add(table.clone()).await, Ok(1));
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    release.send(()).unwrap();
    let lost = StoreError::from(frozen.await.unwrap().unwrap_err());
    assert_eq!((lost.code(), lost.is_unknown()), ("store_away", false), "{lost}");
    assert_eq!(table.get(&7).await, Ok(None));
    stuck.insert(&7, &8).await.unwrap();
    assert_eq!(table.get(&7).await, Ok(Some(8)), "it goes on by itself");
}

/// What the child process opens.
const SCENE: &str = "SEAM_STORE_TEST_SCENE";

/// This test binary again, as another instance that writes all the time.
fn instance(scene: &Scene) -> Child {
    let Scene::Postgres { url, schema } = scene else { panic!("nobody else can open it") };
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "shared::child_that_adds_until_it_is_killed", "--ignored"])
        .args(["--nocapture", "--quiet"])
        .env(SCENE, format!("{url} {schema}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of the test that freezes"]
async fn child_that_adds_until_it_is_killed() {
    let Ok(scene) = env::var(SCENE) else { return };
    let (url, schema) = scene.split_once(' ').unwrap();
    let store = Scene::Postgres { url: url.into(), schema: schema.into() }.open();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let table = numbers(&store);
        writers.spawn(async move {
            loop {
                match add(table.clone()).await {
                    Ok(id) => println!("\nadded {id}"),
                    Err(error) => assert_eq!(error.code(), "store_away"),
                }
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_frozen_holds_nobody_up() {
    let Some(scene) = Scene::postgres() else { return };
    let stores = [scene.open(), scene.open()];
    let tables = stores.each_ref().map(numbers);
    let mut child = instance(&scene);
    let pid = Pid::from_child(&child);
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut added = move || {
        let said = said.by_ref().map(Result::unwrap);
        said.filter_map(|line| line.strip_prefix("added ")?.parse::<u64>().ok()).take(50).last()
    };
    let mut told = BTreeSet::new();
    for _ in 0..3 {
        assert!(added().is_some(), "it adds, and after it was frozen again");
        kill_process(pid, Signal::STOP).unwrap();
        let begun = Instant::now();
        for table in &tables {
            told.insert(add(table.clone()).await.unwrap());
        }
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(3), "{waited:?}");
        // Whatever it was in the middle of is over by now.
        tokio::time::sleep(Duration::from_millis(2200).saturating_sub(waited)).await;
        kill_process(pid, Signal::CONT).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    told.insert(add(tables[0].clone()).await.unwrap());
    let ids: Vec<u64> =
        tables[1].scan(Keys::all()).await.unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>(), "no gaps, none twice");
    assert!(told.iter().all(|id| ids.contains(id)));
}

#[tokio::test]
async fn rows_move_from_a_folder_and_back() {
    const ROWS: u64 = 700;
    let Some(scene) = Scene::postgres() else { return };
    let Scene::Postgres { url, schema } = &scene else { return };
    let folder = tempfile::tempdir().unwrap();
    let sled = |name: &str| Sled::new(folder.path().join(name));
    let postgres = || Postgres::new(url, schema).unwrap();
    let store = Store::open_on(sled("first"), StoreOptions::default()).unwrap();
    by_value(&store);
    fill(&store, ROWS).await;
    store.close().await.unwrap();
    let there = copy(&sled("first"), &postgres(), |_, _| {}).await.unwrap();
    let back = copy(&postgres(), &sled("second"), |_, _| {}).await.unwrap();
    assert_eq!(there, back);
    for store in [scene.open(), Store::open(&folder.path().join("second")).unwrap()] {
        assert_eq!(numbers(&store).count().await, Ok(ROWS));
        assert_eq!(by_value(&store).scan(Keys::all().take(1)).await.unwrap(), [(ROWS - 1, 1)]);
    }
    let again = copy(&sled("second"), &postgres(), |_, _| {}).await.unwrap_err();
    assert!(matches!(again, CopyError::NotEmpty { .. }), "{again}");
}

/// More rows than are entered in one step.
async fn fill(store: &Store, rows: u64) {
    let table = numbers(store);
    let fill = store.transaction(move |tx| {
        (0..rows).try_for_each(|key| tx.insert(&table, &key, &(rows - key)))
    });
    fill.await.unwrap();
}

#[tokio::test]
async fn an_index_that_two_declare_at_once_is_whole_for_both() {
    const ROWS: u64 = 3000;
    let Some(scene) = Scene::postgres() else { return };
    fill(&scene.open(), ROWS).await;
    let (scene, begin) = (Arc::new(scene), Arc::new(Barrier::new(3)));
    let declared = (0..3).map(|_| {
        let (scene, begin) = (Arc::clone(&scene), Arc::clone(&begin));
        tokio::task::spawn_blocking(move || {
            let store = scene.open();
            begin.wait();
            let index = by_value(&store);
            // At once: nobody else may still be at it.
            pollster::block_on(index.scan(Keys::all())).unwrap().len() as u64
        })
    });
    for declared in declared.collect::<Vec<_>>() {
        assert_eq!(declared.await.unwrap(), ROWS);
    }
}

#[tokio::test]
async fn an_index_that_another_does_not_keep_is_built_anew() {
    let Some(scene) = Scene::postgres() else { return };
    let older = scene.open();
    let mut unindexed = numbers(&older);
    let newer = scene.open();
    let index = by_value(&newer);
    numbers(&newer).insert(&1, &10).await.unwrap();
    assert_eq!(index.scan(Keys::all()).await.unwrap(), [(1, 10)]);
    // The older release looked at the table before there was an index.
    unindexed.insert(&2, &5).await.unwrap();
    unindexed.remove(&1).await.unwrap();
    let next = scene.open();
    assert_eq!(by_value(&next).scan(Keys::all()).await.unwrap(), [(2, 5)]);
}

#[tokio::test]
async fn a_unique_index_holds_over_two_stores() {
    let Some(scene) = Scene::postgres() else { return };
    let stores = [scene.open(), scene.open()];
    let [one, other] = stores.each_ref().map(|store| {
        let table = numbers(store);
        let index = table.unique("by_value", |_, value| *value).unwrap();
        (table, index)
    });
    one.0.clone().insert(&1, &10).await.unwrap();
    let twin = other.0.clone().insert(&2, &10).await.unwrap_err();
    assert_eq!(twin.code(), "store_not_unique");
    other.0.clone().update(&1, |value| *value = 11).await.unwrap();
    assert_eq!(one.1.get(&10).await, Ok(None));
    assert_eq!(one.1.get(&11).await, Ok(Some((1, 11))));
}

#[test]
fn no_runtime_is_needed() {
    let Some(scene) = Scene::postgres() else { return };
    let store = scene.open();
    let mut table = numbers(&store);
    pollster::block_on(async {
        table.insert(&1, &1).await.unwrap();
        assert_eq!(table.get(&1).await, Ok(Some(1)));
        store.close().await.unwrap();
    });
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let engine = Postgres::new("postgres://u:secret@127.0.0.1:1/shop", "order").unwrap();
    let refused = Store::open_on_async(engine, StoreOptions::default()).await.unwrap_err();
    let words = refused.to_string();
    assert!(matches!(refused, OpenError::Away { .. }), "{refused:?}");
    assert!(words.contains("127.0.0.1:1/shop") && !words.contains("secret"), "{words}");
}

#[tokio::test]
async fn who_may_only_use_a_schema_opens_it_and_who_may_not_make_one_is_told() {
    let Some(scene) = Scene::postgres() else { return };
    let Scene::Postgres { url, schema } = &scene else { return };
    numbers(&scene.open()).insert(&1, &1).await.unwrap();
    let (owner, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let grant = format!(
        "CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA \"{schema}\" TO clerk; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON \"{schema}\".rows TO clerk"
    );
    owner.batch_execute(&grant).await.unwrap();
    let clerk = url.replace("seam@", "clerk@");
    let open = async |schema: &str| {
        let engine = Postgres::new(&clerk, schema).unwrap();
        Store::open_on_async(engine, StoreOptions::default()).await
    };
    let store = open(schema).await.unwrap();
    numbers(&store).insert(&2, &2).await.unwrap();
    let refused = open("another").await.unwrap_err();
    assert!(matches!(refused, OpenError::Refused { .. }), "{refused:?}");
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}

#[tokio::test]
async fn its_condition_is_told() {
    let Some(server) = server::Server::shared() else { return };
    let proxy = Proxy::start(server.port());
    let store = Scene::at(server::url(proxy.port)).open();
    numbers(&store).insert(&1, &1).await.unwrap();
    assert_eq!(store.condition(), Condition::Ok);
}

#[tokio::test]
async fn who_has_a_schema_open_is_seen_by_others() {
    let Some(scene) = Scene::postgres() else { return };
    let Scene::Postgres { url, schema } = &scene else { return };
    let connections =
        async |service: &str| Postgres::new(url, service).unwrap().connections().await.unwrap();
    assert_eq!(connections(schema).await, 0);
    let store = scene.open();
    numbers(&store).insert(&1, &1).await.unwrap();
    assert!(connections(schema).await > 0);
    assert_eq!(connections("another-service").await, 0);
    store.close().await.unwrap();
    let began = Instant::now();
    while connections(schema).await > 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "they stay");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
