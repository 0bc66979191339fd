//! The commands of `docs/seeing.md` answer the questions that they stand under, as it says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seam_tests::http::post;
use seam_tests::process::signal;
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::time::sleep;

const DOC: &str = include_str!("../../docs/seeing.md");
/// What stands there for a trace, and for a call whose outcome is unknown.
const TRACE: [&str; 2] = ["4f7c227cb9072f4469c1dca64aead679", "37a50fe24da6004f191734366938b5bf"];
const UNKNOWN: &str = "005035caad921031";
/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Commands, each with the first line that it prints there; some print nothing there.
fn commands() -> Vec<(&'static str, Option<&'static str>)> {
    let mut commands = Vec::new();
    let mut lines = DOC.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ shop ") {
            let printed = lines.peek().filter(|next| !next.starts_with(['$', '`']));
            commands.push((command, printed.copied()));
        }
    }
    commands
}

/// The words of a command line.
fn words(command: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (at, part) in command.split('"').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

async fn json_of(premises: &Premises, command: &[&str]) -> Value {
    let output = premises.command(command).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn order(edge: SocketAddr) -> u16 {
    let products = json!([{ "sku": "tea", "quantity": 1, "unitPriceCents": 900 }]);
    let order = json!({ "userId": 1, "products": products });
    post("/api/order", &order).send(edge).await.unwrap().status
}

/// Orders while the payment unit is frozen for so long.
async fn order_while_frozen(edge: SocketAddr, pay: u32, frozen: Duration) -> io::Result<u16> {
    signal(pay, Signal::STOP)?;
    let thaws = async {
        sleep(frozen).await;
        signal(pay, Signal::CONT)
    };
    let (status, thawed) = tokio::join!(order(edge), thaws);
    thawed.map(|()| status)
}

#[tokio::test]
async fn each_question_is_answered_by_the_commands_under_it() -> io::Result<()> {
    let premises = Premises::new(Vec::new())?;
    let mut up = premises.start(&["up", "split"])?;
    let edge = premises.edge(3, true).await?;
    let user = json!({ "name": "Ada", "email": "ada@example.com" });
    assert_eq!(post("/api/user", &user).send(edge).await?.status, 201);
    let units = premises.status().await?;
    let pay = units.iter().find(|unit| unit["unit"] == "pay").unwrap()["pid"].as_u64().unwrap();
    let pay = u32::try_from(pay).unwrap();
    assert_eq!(order_while_frozen(edge, pay, Duration::from_millis(700)).await?, 201);
    assert_eq!(order_while_frozen(edge, pay, Duration::from_secs(3)).await?, 503);
    let set = premises.command(&["set", "log.level", "debug", "--for", "10m"]).await?;
    assert!(set.status.success(), "{set:?}");
    premises.edge(3, true).await?;

    let slow = json_of(&premises, &["traces", "--json", "--service", "order", "--min-ms", "500"]);
    let slow = slow.await;
    let ended = |outcome: &str| {
        let requests = slow.as_array().unwrap().iter();
        let mut found = requests.filter(|trace| trace["name"] == "POST /api/order");
        let found = found.find(|trace| trace["outcome"] == outcome);
        found.unwrap_or_else(|| panic!("none is {outcome}: {slow}"))["traceId"].clone()
    };
    let traces = ["answered", "unknown"].map(|outcome| ended(outcome).as_str().unwrap().to_owned());
    let began = Instant::now();
    let unknown = loop {
        let all = json_of(&premises, &["unknown", "--json"]).await;
        let mut charges = all.as_array().unwrap().iter();
        if let Some(charge) = charges.find(|entry| entry["callee"] == "payment.charge") {
            break charge["id"].as_str().unwrap().to_owned();
        }
        assert!(began.elapsed() < PATIENCE, "no charge is in the ledger: {all}");
        sleep(Duration::from_millis(50)).await;
    };

    let commands = commands();
    assert!(commands.len() > 12, "{commands:?}");
    for (command, printed) in commands {
        let mut own = command.replace(UNKNOWN, &unknown);
        for (there, here) in TRACE.iter().zip(&traces) {
            own = own.replace(there, here);
        }
        let words = words(&own);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = premises.command(&words).await?;
        let (told, wrong) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "shop {own}: {wrong}");
        if let Some(printed) = printed {
            let first = |text: &str| {
                let words = text.lines().next().unwrap_or_default().split_whitespace();
                let names = words.filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
                names.map(str::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(first(&told), first(printed), "shop {own}:\n{told}");
        }
    }
    assert!(up.stop().await?.success());
    Ok(())
}
