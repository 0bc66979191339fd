//! Services that move to other units while the shop runs.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::reload::{Configured, load, none_failed, often, paid_once};
use crate::support::until;

/// How often a service moves away and back; `SEAM_MOVES=50` for more.
const MOVES: &str = "SEAM_MOVES";

/// The unit whose status shows a service as running.
async fn place(shop: &Configured, service: &str) -> Vec<(String, String)> {
    let status = shop.premises.status().await.unwrap();
    let of_unit = |unit: &Value| {
        let services = unit["services"].as_array().unwrap();
        let found = services.iter().find(|own| own["service"] == service)?;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Some((text(&unit["unit"]), text(&found["state"])))
    };
    status.iter().filter_map(of_unit).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_move_forth_and_back_under_load() {
    let (shop, mut up, edge) = Configured::up().await;
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(&shop.path, mode).unwrap();
    let before = shop.text();
    let over = Arc::new(AtomicBool::new(false));
    let calls = ["a", "b", "c"].map(|name| tokio::spawn(load(edge, name, Arc::clone(&over))));
    // Into its caller's own unit; to one that nobody has called by now; and with its callers.
    let ways = [("payment", "front", "pay"), ("payment", "quote", "pay"), ("user", "pay", "front")];
    for number in 0..often(MOVES, 3) {
        let (service, there, back) = ways[number as usize % ways.len()];
        for (from, to) in [(back, there), (there, back)] {
            let (code, said) = shop.run(&["move", service, to, "--json"]).await;
            assert_eq!(code, 0, "{service} to {to}: {said}");
            assert_eq!((&said["from"], &said["unit"]), (&json!(from), &json!(to)));
            assert_eq!(place(&shop, service).await, [(to.to_owned(), "running".to_owned())]);
            assert_eq!(said["configVersion"], json!(shop.version().await));
        }
    }
    over.store(true, Ordering::Relaxed);
    let placed = none_failed(edge, calls).await;
    println!("{} orders", placed.len());
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text
            .lines()
            .map(|line| {
                let mut letters: Vec<_> = line.chars().collect();
                letters.sort_unstable();
                letters.into_iter().collect::<String>()
            })
            .collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(sorted(&shop.text()), sorted(&before), "but for the order in a list");
    assert!(
        shop.text().contains("# who takes money") && shop.text().starts_with("# The shop, split.")
    );
    let mode = std::fs::metadata(&shop.path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);

    // What can't be is refused, and nothing is written.
    let before = shop.text();
    for (service, unit, why) in [
        ("paiment", "front", "did you mean `payment`?"),
        ("payment", "frond", "did you mean `front`?"),
    ] {
        let (code, said) = shop.run(&["move", service, unit]).await;
        assert_eq!(code, 2, "{said}");
        assert!(said.as_str().unwrap().contains(why), "{said}");
    }
    let (code, said) = shop.run(&["move", "payment", "pay"]).await;
    assert_eq!(code, 0, "it is there: {said}");
    assert_eq!(shop.text(), before);

    // The file does the same, with several instances of who takes it over.
    let text = before
        .replace("services = [\"quote\"]\ninstances = 1", "services = [\"quote\"]\ninstances = 2");
    shop.write(&text);
    assert_eq!(shop.reload().await.0, 0);
    let (code, said) = shop.run(&["move", "payment", "quote", "--json"]).await;
    assert_eq!(code, 0, "{said}");
    let mut states: Vec<_> = place(&shop, "payment")
        .await
        .into_iter()
        .map(|(unit, state)| format!("{unit} {state}"))
        .collect();
    states.sort();
    assert_eq!(states, ["quote running", "quote standby"]);
    shop.write(&text);
    let (code, said) = shop.reload().await;
    assert_eq!(code, 0, "{said}");
    // Its database is on its way.
    let home = [("pay".to_owned(), "running".to_owned())];
    until("it runs at home", async || place(&shop, "payment").await == home).await;
    paid_once(edge, &placed).await;
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test]
async fn what_no_list_can_say_is_refused() {
    let premises = seam_tests::shop::Premises::new(Vec::new()).unwrap();
    let mut up = premises.start(&["up", "split"]).unwrap();
    premises.edge(3, true).await.unwrap();
    let before = std::fs::read_to_string(premises.config()).unwrap();
    for (arguments, why) in [
        // Other topologies have that unit, too.
        (["move", "quote", "front"], "of topology `micro`"),
        (["move", "payment", "all"], "unit `all` isn't in topology `split`, which runs"),
        (["move", "payment", "edge"], "unit `edge` isn't in topology `split`, which runs"),
    ] {
        let output = premises.command(&arguments).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
    assert_eq!(std::fs::read_to_string(premises.config()).unwrap(), before);
    assert!(up.stop().await.unwrap().success());
}
