//! A unit with several instances: one has the database, the others stand by, and whoever hangs is
//! replaced.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::process::signal;
use seam_tests::shop::Premises;
use serde_json::Value;
use tokio::time::sleep;

/// How long anything here may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long `status` may take, whatever hangs.
const STATUS: Duration = Duration::from_secs(5);

/// What `status` says of payment's instances: `running 4711`, by the instance's number.
async fn payment(premises: &Premises) -> Vec<(String, u32)> {
    let began = Instant::now();
    let status = premises.status().await.unwrap();
    assert!(began.elapsed() < STATUS, "status took {:?}", began.elapsed());
    let mut pay: Vec<&Value> = status.iter().filter(|unit| unit["unit"] == "pay").collect();
    pay.sort_by_key(|unit| unit["instance"].as_u64());
    let numbers: Vec<_> = pay.iter().map(|unit| unit["instance"].as_u64()).collect();
    assert_eq!(numbers, [Some(0), Some(1), Some(2)]);
    let told = |unit: &&Value| {
        let service = unit["services"].as_array().unwrap().first();
        let state = match (unit["running"].as_bool(), service) {
            (Some(true), Some(service)) => service["state"].as_str().unwrap().to_owned(),
            (Some(true), None) => {
                assert_eq!(unit["ready"], false, "{unit}");
                "silent".to_owned()
            }
            _ => "gone".to_owned(),
        };
        (state, unit["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0))
    };
    pay.iter().map(told).collect()
}

/// Waits until payment's instances are as wanted.
async fn until(
    premises: &Premises,
    what: &str,
    holds: impl Fn(&[(String, u32)]) -> bool,
) -> Duration {
    let began = Instant::now();
    loop {
        let states = payment(premises).await;
        if holds(&states) {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "never: {what}: {states:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// One runs, two stand by.
fn settled(states: &[(String, u32)]) -> bool {
    let count = |wanted: &str| states.iter().filter(|(state, _)| state == wanted).count();
    (count("running"), count("standby")) == (1, 2)
}

/// The number and the process of the instance that runs payment.
fn owner(states: &[(String, u32)]) -> Option<(usize, u32)> {
    let number = states.iter().position(|(state, _)| state == "running")?;
    Some((number, states[number].1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_by_takes_over() {
    let premises = Premises::new(vec![("SEAM__UNITS__PAY__INSTANCES".into(), "3".into())]).unwrap();
    let mut up = premises.start(&["up", "split"]).unwrap();
    premises.edge(5, false).await.unwrap();
    until(&premises, "one runs and two stand by", settled).await;

    let (killed, pid) = owner(&payment(&premises).await).unwrap();
    signal(pid, Signal::KILL).unwrap();
    let another =
        |states: &[(String, u32)]| owner(states).is_some_and(|(number, _)| number != killed);
    let took = until(&premises, "another takes over", another).await;
    println!("killed: another runs after {took:?}");
    until(&premises, "the killed one stands by", settled).await;

    // A short freeze is outlived.
    let (frozen, pid) = owner(&payment(&premises).await).unwrap();
    signal(pid, Signal::STOP).unwrap();
    sleep(Duration::from_millis(2_500)).await;
    signal(pid, Signal::CONT).unwrap();
    until(&premises, "it goes on", settled).await;
    assert_eq!(owner(&payment(&premises).await), Some((frozen, pid)));

    // A long one isn't: its process is killed, and another instance takes over.
    signal(pid, Signal::STOP).unwrap();
    let began = Instant::now();
    let states = payment(&premises).await;
    assert_eq!(states[frozen], ("silent".to_owned(), pid), "{states:?}");
    let another =
        |states: &[(String, u32)]| owner(states).is_some_and(|(number, _)| number != frozen);
    until(&premises, "another takes over", another).await;
    println!("frozen: another runs after {:?}", began.elapsed());
    until(&premises, "the frozen one stands by", settled).await;
    assert_ne!(payment(&premises).await[frozen].1, pid, "it is another process");
    assert!(up.stop().await.unwrap().success());
}
