//! Two majors of one service beside each other.

use seam_tests::http::{Request, Response, get, post, post_text};
use serde_json::json;

use crate::house::House;

/// The major that has answered.
fn major(response: &Response) -> Option<&str> {
    response.header("x-seam-version")
}

fn form(version: &str) -> Request {
    let version = if version.is_empty() { String::new() } else { format!("version={version}&") };
    let form =
        format!("module=loyalty&{version}method=Loyalty.Balance&bizContent=%7B%22userId%22%3A1%7D");
    post_text("/gateway", "application/x-www-form-urlencoded", &form)
}

#[tokio::test]
async fn majors_stand_beside_each_other() {
    let grey = ("SEAM__EDGE__FORGET", "3s");
    let house = House::open("monolith", 1, &[grey]).await;
    let mut first = house.plug("loyalty", &[]);
    let next = house.plug("loyalty-next", &[]);
    house.until("/v1/api/points/1", 200).await;
    house.until("/v2/api/points/1", 200).await;

    // Each has its own points, in a folder of its own.
    let given = house.send(&post("/v2/api/points/1", &json!({ "points": 100 }))).await;
    assert_eq!((given.status, major(&given)), (201, Some("2")));
    assert_eq!(given.json(), json!({ "userId": 1, "points": 100, "tier": "silver" }));
    let given = house.send(&post("/api/points/1", &json!({ "points": 7 }))).await;
    assert_eq!((given.status, major(&given)), (201, Some("1")));
    assert_eq!(given.json(), json!({ "userId": 1, "points": 7 }));
    for folder in ["loyalty", "loyalty@2"] {
        assert!(house.premises.folder().join("data/services").join(folder).exists(), "{folder}");
    }

    // By path, by header, by the form's field; without any it is the lowest.
    let by_header = |version| get("/api/points/1").header("X-Seam-Version", version);
    let rpc = post("/v2/rpc/loyalty/balance", &json!({ "userId": 1 }));
    for (request, of, points) in [
        (get("/api/points/1"), "1", 7),
        (get("/v1/api/points/1"), "1", 7),
        (get("/v2/api/points/1"), "2", 100),
        (by_header("2"), "2", 100),
        (by_header("1"), "1", 7),
        (rpc, "2", 100),
        (post("/rpc/loyalty/balance", &json!({ "userId": 1 })), "1", 7),
        (form("2.0"), "2", 100),
        (form("1.0"), "1", 7),
        (form(""), "1", 7),
    ] {
        let came = house.send(&request).await;
        assert_eq!((came.status, major(&came)), (200, Some(of)), "{request}");
        assert_eq!(came.json()["points"], points, "{request}");
    }
    // A service that is compiled in has its major, too.
    let user = house.send(&get("/v1/api/user/1")).await;
    assert_eq!((user.status, major(&user)), (200, Some("1")));

    // What nobody has.
    for request in
        [get("/v3/api/points/1"), by_header("3"), get("/v2/api/user/1"), get("/v1/healthz")]
    {
        assert_eq!(house.send(&request).await.status, 404, "{request}");
    }
    let none = house.send(&form("3.0")).await;
    assert_eq!((none.status, &none.json()["code"]), (502, &json!("incompatible")));
    assert_eq!(house.send(&by_header("two")).await.status, 400);

    // Bare names, and the version beside them.
    let status = house.premises.status().await.unwrap();
    for (unit, version) in [("loyalty", "1.0"), ("loyalty@2", "2.0")] {
        let own = status.iter().find(|own| own["unit"] == unit).unwrap();
        let service = &own["services"][0];
        assert_eq!(
            (&service["service"], &service["version"]),
            (&json!("loyalty"), &json!(version))
        );
    }
    let gateway = status.iter().find(|own| own["unit"] == "all").unwrap();
    let methods = gateway["methods"].as_array().unwrap();
    for version in ["1.0", "2.0"] {
        let is =
            |own: &&serde_json::Value| own["service"] == "loyalty" && own["version"] == version;
        assert!(methods.iter().find(is).is_some(), "{methods:?}");
    }

    // The lowest that is known is asked for, running or not.
    first.kill().await.unwrap();
    let away = house.until("/api/points/1", 503).await;
    assert_eq!(away["code"], "unavailable");
    assert_eq!(house.get("/v2/api/points/1").await.0, 200);
    let balance = house.until("/api/points/1", 200).await;
    assert_eq!(balance["points"], 100, "the first major is forgotten");
    drop(next);
}

#[tokio::test]
async fn a_share_of_clients_is_led_to_another_major() {
    let config = include_str!("../../../app.toml");
    let text =
        format!("{config}\n[edge.versions]\nloyalty = \"1\"\n[edge.grey]\n\"loyalty@2\" = 30\n");
    let house = House::with_config(&text).await;
    let _first = house.plug("loyalty", &[]);
    let _next = house.plug("loyalty-next", &[]);
    house.until("/v1/api/points/1", 200).await;
    house.until("/v2/api/points/1", 200).await;
    let mut second = 0;
    for client in 0..60 {
        let asked = get("/api/points/1").header("Cookie", &format!("client={client}"));
        let came = house.send(&asked).await;
        let (once, again) = (major(&came), house.send(&asked).await);
        assert_eq!(once, major(&again), "the same for client {client}");
        second += u32::from(once == Some("2"));
    }
    assert!((5..40).contains(&second), "{second} of 60");
    // Who says what it wants gets it.
    for client in 0..20 {
        let asked = get("/v1/api/points/1").header("Cookie", &format!("client={client}"));
        assert_eq!(major(&house.send(&asked).await), Some("1"));
    }
}
