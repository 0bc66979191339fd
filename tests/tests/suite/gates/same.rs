//! A call of the same key goes to the same instance, through whichever gateway.

use std::collections::BTreeSet;
use std::time::Duration;

use seam_tests::http::get;

use super::house::{House, address};
use crate::support::{PATIENCE, until};

#[tokio::test]
async fn equal_keys_go_to_the_same_instance_through_each() {
    let house = House::new();
    let (first, second) = (house.start("core", 0).await, house.start("core", 1).await);
    let gates = [house.start("gate-a", 0).await, house.start("gate-b", 0).await];
    for gate in &gates {
        gate.until_ready(PATIENCE).await.unwrap();
    }
    let instance = async |gate, key| {
        let answer = get(&format!("/at/{key}")).send(address(gate)).await.unwrap();
        assert_eq!((answer.status, answer.json()), (200, format!("{key}").into()));
        answer.header("x-seam-instance").unwrap().to_owned()
    };
    // Both gateways see both instances from some moment on.
    until("both instances are asked through both", async || {
        for gate in &gates {
            let mut seen = BTreeSet::new();
            for key in 0..32 {
                seen.insert(instance(gate, key).await);
            }
            if seen.len() < 2 {
                return false;
            }
        }
        true
    })
    .await;
    let mut seen = BTreeSet::new();
    for key in 0..64 {
        let both = (instance(&gates[0], key).await, instance(&gates[1], key).await);
        assert_eq!(both.0, both.1, "{key}");
        seen.insert(both.0);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["core.0", "core.1"]);
    // What a gateway answers by itself is no instance's.
    let own = get("/healthz").send(address(&gates[0])).await.unwrap();
    assert_eq!(own.header("x-seam-instance"), None);
    for unit in gates.into_iter().chain([first, second]) {
        unit.stop_within(Duration::from_secs(1)).await;
    }
}
