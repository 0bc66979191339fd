//! A program around a unit: whom it can call, and how it waits for the unit.

use std::time::{Duration, Instant};

use seam::outcome::{CallError, NotExecuted};
use seam::prelude::*;

#[seam::contract(name = "kettle", version = "1.0")]
trait Kettle {
    async fn boil(&self) -> u32;
}

#[seam::contract(name = "oven", version = "1.0")]
trait Oven {
    async fn bake(&self) -> u32;
}

struct KettleService;
struct OvenService;

impl Actor for KettleService {
    type Contract = KettleContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Kettle for KettleService {
    async fn boil(&self) -> u32 {
        100
    }
}

impl Actor for OvenService {
    type Contract = OvenContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }

    async fn health(&self) -> Health {
        Health::Bad { reason: "it is cold".into() }
    }
}

impl Oven for OvenService {
    async fn bake(&self) -> u32 {
        180
    }
}

/// Two units; `front` has the lines in `more` as well.
fn app(data: &tempfile::TempDir, unit: &str, more: &str) -> App {
    let config = format!(
        "[app]\ndata = {:?}\nthreads = 1\n\
         [units.front]\nservices = [\"kettle\"]\n{more}\n\
         [units.back]\nservices = [\"oven\"]\n\
         [topologies]\nsplit = [\"front\", \"back\"]\n",
        data.path()
    );
    let app = App::new("kitchen").service::<KettleService>().service::<OvenService>();
    app.config_text(config).unit(unit)
}

#[tokio::test]
async fn a_program_reaches_other_units_if_its_unit_says_so() {
    let data = tempfile::tempdir().unwrap();
    // That `back` listens at all follows from the key, too.
    let back = app(&data, "back", "program = true").start().await.unwrap();
    assert!(back.listen().is_some());
    let front = app(&data, "front", "program = true").start().await.unwrap();
    front.until_ready(seam::secs(20)).await.unwrap();
    assert_eq!(front.client::<KettleClient>().unwrap().boil().await, Ok(100));
    assert_eq!(front.client::<OvenClient>().unwrap().bake().await, Ok(180));
    front.stop().await;
    back.stop().await;
}

#[tokio::test]
async fn without_the_key_the_error_says_which() {
    let data = tempfile::tempdir().unwrap();
    let front = app(&data, "front", "").start().await.unwrap();
    let error = front.client::<OvenClient>().unwrap().bake().await.unwrap_err();
    let CallError::NotExecuted(NotExecuted::Unavailable { reason }) = &error else {
        panic!("{error:?}")
    };
    assert!(reason.contains("`program = true` to [units.front]"), "{reason}");
    front.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_unit_is_told_what_it_waits_for() {
    let data = tempfile::tempdir().unwrap();
    let back = app(&data, "back", "").start().await.unwrap();
    let begun = Instant::now();
    let error = back.until_ready(Duration::from_millis(50)).await.unwrap_err();
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let text = error.to_string();
    assert!(text.contains("service `oven`: it is cold"), "{text}");
    back.stop().await;
    let front = app(&data, "front", "program = true").start().await.unwrap();
    let text = front.until_ready(Duration::from_millis(50)).await.unwrap_err().to_string();
    assert!(text.contains("unit `back`"), "{text}");
    front.stop().await;
}
