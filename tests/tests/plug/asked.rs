//! Who answers wrong, or not at all, is asked again, and so is everybody by another config.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use seam_core::contract::{ContractDescriptor, MethodDescriptor, descriptor_text};
use seam_core::home::Home;
use seam_core::name::ServiceId;
use seam_core::remote::{Inbound, Inlet, Served, own_contract};
use seam_core::time::Clock;
use seam_wire::{Address, Identity, Server, ServerConfig};
use serde_json::json;
use tokio::time::sleep;

use crate::house::{House, SERVED};

/// Tells of one service, `odd`, after it has answered nothing at all, and then nonsense.
struct Odd {
    id: ServiceId,
    contract: &'static ContractDescriptor,
    asked: AtomicU32,
    clock: Clock,
}

impl Inlet for Odd {
    fn service(&self) -> ServiceId {
        self.id
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        self.contract
    }

    fn serve(&self, inbound: Inbound<'_>, out: &mut Vec<u8>) -> Served {
        let method = MethodDescriptor { public: true, ..MethodDescriptor::plain("go", 0) };
        let (text, hash) = descriptor_text(&ContractDescriptor {
            name: "odd".into(),
            version: "1.0".into(),
            doc: String::new(),
            methods: vec![method],
            events: vec![],
        });
        let services = [json!({ "name": "odd", "version": "1.0", "hash": format!("{hash:016x}") })];
        let list = json!({ "services": services }).to_string();
        let answer = match self.asked.fetch_add(1, Ordering::Relaxed) {
            0 => return Served::later(std::future::pending()),
            1 => b"nonsense".to_vec(),
            // The list, and another contract than it says.
            3 => text.iter().map(u8::to_ascii_uppercase).collect(),
            _ if inbound.body.starts_with(br#"{"get""#) => text,
            _ => list.into_bytes(),
        };
        out.extend_from_slice(&answer);
        Served::Answered(self.clock.now())
    }
}

/// A process of the shop, as far as its announcement says.
fn announce(data: &Path, unit: &str) -> File {
    let folder = data.join("links");
    fs::create_dir_all(&folder).unwrap();
    let new = folder.join("new");
    let mut file = File::create(&new).unwrap();
    file.lock().unwrap();
    let said =
        json!({ "app": "shop", "unit": unit, "instance": 0, "socket": format!("{unit}.sock") });
    file.write_all(said.to_string().as_bytes()).unwrap();
    fs::rename(new, folder.join(format!("{unit}.unit"))).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answers_nothing_of_use_is_asked_again() {
    let house = House::open("monolith", 1, &[]).await;
    let data = house.premises.folder().join("data");
    let home = Home::start("odd").unwrap();
    let odd = Arc::new(Odd {
        id: ServiceId::of("seam.contracts").unwrap(),
        contract: Box::leak(Box::new(own_contract("seam.contracts", "json"))),
        asked: AtomicU32::new(0),
        clock: Clock::fast(),
    });
    let config = ServerConfig::new(Identity::new("shop", "odd", "1"));
    let address = Address::Unix(data.join("links/odd.sock"));
    let inlets = vec![Arc::clone(&odd) as _];
    let _server = Server::start(config, &address, inlets, home.runtime()).await.unwrap();
    let _announced = announce(&data, "odd");
    while odd.asked.load(Ordering::Relaxed) == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    // Nobody waits for it.
    let began = Instant::now();
    let _loyalty = house.plug("loyalty", &[]);
    house.until("/api/points/1", 200).await;
    assert!(began.elapsed() < 2 * SERVED, "{:?}", began.elapsed());

    let began = Instant::now();
    loop {
        let plugged = house.plugged("all").await;
        let mut plugged = plugged.as_array().unwrap().iter();
        if plugged.any(|own| own["service"] == "odd" && own["state"] == "served") {
            break;
        }
        assert!(began.elapsed() < 6 * SERVED, "it isn't served: {:?}", odd.asked);
    }
    // Nothing, nonsense, a list, a wrong contract, a list, a contract.
    assert_eq!(odd.asked.load(Ordering::Relaxed), 6);
    let log = house.log("log");
    assert!(log.contains("it doesn't say what it hosts"), "{log}");
}

#[tokio::test]
async fn another_config_lets_in_and_out() {
    let text =
        format!("{}\n[edge]\nforget = \"1h\"\nplug = [\"x\"]\n", include_str!("../../../app.toml"));
    let house = House::with_config(&text).await;
    let reload = async |plug: &str| {
        fs::write(house.premises.config(), text.replace("plug = [\"x\"]", plug)).unwrap();
        let done = house.premises.command(&["reload"]).await.unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    let _loyalty = house.plug("loyalty", &[]);
    let state = async || house.plugged("all").await[0]["state"].clone();
    assert_eq!((state().await, house.get("/api/points/1").await.0), (json!("refused"), 404));
    reload("plug = [\"loyal*\"]").await;
    house.until("/api/points/1", 200).await;
    let plugged = house.plugged("all").await;
    assert_eq!((plugged.as_array().unwrap().len(), state().await), (1, json!("served")));
    reload("plug = [\"x\"]").await;
    house.until("/api/points/1", 404).await;
    assert_eq!(state().await, "refused");
    reload("plug = [\"x\"]\n[services.loyalty]\nremote = true").await;
    house.until("/api/points/1", 200).await;
}
