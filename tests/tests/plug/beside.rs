//! One process beside the shop: it comes, is called in every way, dies, returns and is forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use seam_tests::http::{get, post_text};
use seam_tests::shop::Premises;
use serde_json::json;

use crate::house::{House, SERVED, Settings};

/// Until a service that isn't ready yet is started, nothing is measured.
async fn comes(house: &House, began: Instant) {
    house.until("/api/points/1", 200).await;
    let took = began.elapsed();
    assert!(took < 2 * SERVED, "it took {took:?} from the start of its process");
}

/// Sends what others send meanwhile, and counts what isn't answered as ever.
struct Load {
    over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    sending: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn on(house: &House) -> Self {
        let (over, sent, failed) = <(Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let sender = |_| {
            let (over, sent, failed) = (over.clone(), sent.clone(), failed.clone());
            let edge = house.edge;
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let came = get("/api/user/1").send(edge).await;
                    sent.fetch_add(1, Ordering::Relaxed);
                    if came.is_ok_and(|came| came.status == 200) {
                        continue;
                    }
                    failed.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let sending = (0..4).map(sender).collect();
        Self { over, sent, failed, sending }
    }

    async fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        for sending in self.sending {
            sending.await.unwrap();
        }
        let (sent, failed) =
            (self.sent.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed));
        assert!(sent > 0 && failed == 0, "{failed} of {sent} failed");
    }
}

async fn whole_life(topology: &str, units: usize, settings: Settings<'_>) {
    let settings = [settings, &[("SEAM__EDGE__FORGET", "3s")]].concat();
    let house = House::open(topology, units, &settings).await;
    assert_eq!(house.get("/api/points/1").await.0, 404);
    let load = Load::on(&house);
    let began = Instant::now();
    let mut loyalty = house.plug("loyalty", &[]);
    comes(&house, began).await;

    // In every way in, with its own call to `user`.
    let given = house.post("/api/points/1", json!({ "points": 7 })).await;
    assert_eq!(given, (201, json!({ "userId": 1, "points": 7 })));
    let asked = house.post("/rpc/loyalty/balance", json!({ "userId": 1 })).await;
    assert_eq!(asked, (200, json!({ "userId": 1, "points": 7 })));
    let form =
        "module=loyalty&version=1.0&method=Loyalty.Balance&bizContent=%7B%22userId%22%3A1%7D";
    let form = post_text("/gateway", "application/x-www-form-urlencoded", form);
    let asked = house.send(&form).await;
    assert_eq!((asked.status, asked.json()), (200, json!({ "userId": 1, "points": 7 })));
    let (status, problem) = house.post("/api/points/1", json!({ "points": 101 })).await;
    assert_eq!(
        (status, &problem["code"], &problem["most"]),
        (400, &json!("too_many"), &json!(100))
    );
    let (status, problem) = house.post("/api/points/9", json!({ "points": 1 })).await;
    assert_eq!((status, &problem["code"]), (404, &json!("user_not_found")));

    // What is wrong is named, as with a service that is compiled in.
    for (path, body, named) in [
        ("/api/points/1", json!({ "points": "7" }), "`points`"),
        ("/api/points/1", json!({ "points": -7 }), "`points`"),
        ("/api/points/1", json!({}), "`points`"),
        ("/api/points/1", json!({ "points": 1, "pionts": 1 }), "`pionts`"),
        ("/api/points/x", json!({ "points": 1 }), "`userId`"),
        ("/rpc/loyalty/give", json!({ "userId": 1, "points": 1.5 }), "`points`"),
    ] {
        let (status, problem) = house.post(path, body.clone()).await;
        assert_eq!(status, 400, "{path} {body}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(named), "{path} {body}: {detail}");
    }

    // A call that is kept is made, and its ticket tells of it.
    let kept = seam_tests::http::post("/api/points/1", &json!({ "points": 1 }));
    let kept = house.send(&kept.header("Prefer", "respond-async")).await;
    assert_eq!(kept.status, 202, "{}", kept.text());
    let ticket = kept.header("location").unwrap().to_owned();
    let began = Instant::now();
    while house.get(&ticket).await.1["state"] == "pending" {
        assert!(began.elapsed() < SERVED, "the ticket is still pending");
    }
    assert_eq!(house.get("/api/points/1").await.1["points"], 8);

    let edge = if units == 1 { "all" } else { "front" };
    let plugged = house.plugged(edge).await;
    assert_eq!(
        (&plugged[0]["service"], &plugged[0]["state"]),
        (&json!("loyalty"), &json!("served"))
    );

    // Gone, and back, and gone for good.
    loyalty.kill().await.unwrap();
    let problem = house.until("/api/points/1", 503).await;
    assert_eq!(
        (&problem["code"], &problem["outcome"]),
        (&json!("unavailable"), &json!("not_executed"))
    );
    let mut loyalty = house.plug("loyalty", &[]);
    let back = house.until("/api/points/1", 200).await;
    assert_eq!(back["points"], 8);
    assert!(loyalty.stop().await.unwrap().success());
    house.until("/api/points/1", 404).await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_lives_beside_one_process() {
    whole_life("monolith", 1, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_lives_beside_several_with_a_registry() {
    whole_life("split", 3, &[("SEAM__REGISTRY__ENGINE", "embedded")]).await;
}

#[tokio::test]
async fn who_isnt_let_in_isnt_served() {
    let house = House::open("monolith", 1, &[("SEAM__EDGE__PLUG", "points*,x")]).await;
    let _loyalty = house.plug("loyalty", &[]);
    let plugged = house.plugged("all").await;
    assert_eq!(
        (&plugged[0]["service"], &plugged[0]["state"]),
        (&json!("loyalty"), &json!("refused"))
    );
    assert_eq!(house.get("/api/points/1").await.0, 404);
}

#[tokio::test]
async fn a_route_that_is_taken_stays_with_who_has_it() {
    let house = House::open("monolith", 1, &[]).await;
    let config = house.premises.folder().join("copycat.toml");
    std::fs::write(&config, "[app]\nname = \"shop\"\n[units.copycat]\nservices = [\"*\"]\n")
        .unwrap();
    let _copycat = house.plug_by("copycat", config, &[]);
    let plugged = house.plugged("all").await;
    assert_eq!(
        (&plugged[0]["service"], &plugged[0]["state"]),
        (&json!("copycat"), &json!("refused"))
    );
    let reason = plugged[0]["reason"].as_str().unwrap();
    assert!(reason.contains("user.get") && reason.contains("copycat.find"), "{reason}");
    assert_eq!(house.get("/api/user/1").await.1["name"], "Ada");
    let log = house.log("log");
    assert!(log.contains("user.get") && log.contains("copycat.find"), "{log}");
}

#[tokio::test]
async fn without_a_common_folder_each_says_where_the_other_is() {
    let shop = "[units.all]\nservices = [\"*\"]\nhttp = \"127.0.0.1:0\"\n\
                listen = \"unix:{premises}/all.sock\"\n[app]\nname = \"shop\"\ndata = \"{premises}/data\"\n\
                [edge]\nplug = []\n[services.loyalty]\nremote = true\n\
                [units.loyalty]\nservices = [\"loyalty\"]\nlisten = \"unix:{premises}/loyalty.sock\"\n";
    let premises = Premises::with_config(shop).unwrap();
    let house = House::start(premises, &["run"], 1).await;
    let folder = house.premises.folder().display().to_string();
    let config = house.premises.folder().join("loyalty.toml");
    let text = format!(
        "[app]\nname = \"shop\"\n[edge]\nplug = []\n\
         [units.loyalty]\nservices = [\"loyalty\"]\nlisten = \"unix:{folder}/loyalty.sock\"\n\
         [services.user]\nremote = true\n\
         [units.all]\nservices = [\"user\"]\nlisten = \"unix:{folder}/all.sock\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let elsewhere = format!("{folder}/elsewhere");
    let _loyalty = house.plug_by("loyalty", config, &[("SEAM__APP__DATA", &elsewhere)]);
    house.until("/api/points/1", 200).await;
    let given = house.post("/api/points/1", json!({ "points": 7 })).await;
    assert_eq!(given, (201, json!({ "userId": 1, "points": 7 })));
}
