//! Whatever is done to a log, it is a list that loses its beginning.

use std::time::Duration;

use fastrand::Rng;
use seam_log::{Log, LogError, LogOptions, Record};

/// What the log must be: records from the first, which may be trimmed further than by age.
struct Model {
    records: Vec<Record>,
    head: u64,
}

impl Model {
    fn first(&self) -> u64 {
        self.records.first().map_or(self.head + 1, |record| record.position)
    }

    fn trim_to(&mut self, first: u64) {
        self.records.retain(|record| record.position >= first);
    }
}

fn options(rng: &mut Rng) -> LogOptions {
    let keep = Duration::from_millis(rng.u64(1_000..200_000));
    LogOptions::default().keep(keep).keep_bytes(1 << rng.u32(20..24))
}

#[tokio::test]
async fn a_log_is_a_list_that_loses_its_beginning() {
    for seed in 0..4 {
        run(Rng::with_seed(seed)).await;
    }
}

async fn run(mut rng: Rng) {
    let folder = tempfile::tempdir().unwrap();
    let mut chosen = options(&mut rng);
    let mut log = Log::open(folder.path(), chosen).unwrap();
    let mut model = Model { records: Vec::new(), head: 0 };
    let mut clock = 1_000_000;
    for _ in 0..100 {
        match rng.u32(0..100) {
            0..45 => {
                let skip = rng.u64(0..5).min(model.head + 1 - model.first());
                let mut append = model.records.split_off(model.records.len() - skip as usize);
                for position in model.head + 1..model.head + 1 + rng.u64(0..60) {
                    clock += rng.u64(0..100);
                    let size = if rng.u32(0..10) == 0 { 30_000 } else { 300 };
                    append.push(Record::new(
                        position,
                        clock,
                        "t",
                        &vec![rng.u8(..); rng.usize(0..size)],
                    ));
                }
                model.head = append.last().map_or(model.head, |record| record.position);
                model.records.extend(append.iter().cloned());
                assert_eq!(log.append(append).await, Ok(model.head));
                // The next comes after what the log does on its own, once who appended is told.
                assert_eq!(log.append(Vec::new()).await, Ok(model.head));
                // What it gives back by itself, by bytes or by age.
                assert!(log.first() >= model.first());
                model.trim_to(log.first());
            }
            45..75 => {
                let from = rng.u64(1..model.head + 3);
                let count = rng.usize(1..50);
                let read = log.read(from, count, 1 << 20).await;
                if from < model.first() {
                    assert_eq!(read, Err(LogError::Trimmed { from, first: model.first() }));
                    continue;
                }
                let batch = read.unwrap();
                assert_eq!((batch.first, batch.head), (model.first(), model.head));
                let there = model.records.iter().filter(|record| record.position >= from);
                let there: Vec<_> = there.take(batch.records.len()).cloned().collect();
                assert_eq!(batch.records, there);
                let some = from <= model.head;
                assert_eq!(!batch.records.is_empty(), some);
            }
            75..85 => {
                let at = rng.u64(1_000_000..clock + 200);
                let first = model.records.iter().find(|record| record.at >= at);
                let expected = first.map_or(model.head + 1, |record| record.position);
                assert_eq!(log.position_at(at).await, Ok(expected));
            }
            85..92 => {
                let now = clock + rng.u64(0..1000);
                let first = log.trim(now).await.unwrap();
                assert_eq!(first, log.first());
                let oldest = now - chosen.keep.as_millis() as u64;
                model.records.retain(|record| record.at >= oldest);
                assert!(first >= model.first());
                model.trim_to(first);
            }
            92..96 => {
                chosen = options(&mut rng);
                log.set(chosen);
            }
            _ => {
                log.close().await.unwrap();
                log = Log::open(folder.path(), chosen).unwrap();
            }
        }
        assert_eq!((log.first(), log.head()), (model.first(), model.head));
    }
}
