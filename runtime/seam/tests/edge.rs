//! What an app adds to its edge, beside the routes of its contracts.

#![allow(clippy::unwrap_used, reason = "a test that gets less than it expects has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use seam::Shaped;
use seam::actix_web::{HttpResponse, web};
use seam::prelude::*;
use serde_json::json;

#[seam::contract(name = "tea", version = "1.0")]
trait Tea {
    #[call(http = "GET /tea/{cups}")]
    async fn brew(&self, cups: u8) -> u8;
}

struct Pot;

impl Actor for Pot {
    type Contract = TeaContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Tea for Pot {
    async fn brew(&self, cups: u8) -> u8 {
        cups
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn own_routes_call_services_and_errors_have_the_apps_shape() {
    let data = tempfile::tempdir().unwrap();
    let running = App::new("tearoom")
        .service::<Pot>()
        .edge(|web, clients| {
            let tea = clients.client::<TeaClient>().unwrap();
            web.route(
                "/page/{cups}",
                web::get().to(move |cups: web::Path<u8>| {
                    let tea = tea.clone();
                    async move {
                        match tea.brew(*cups).await {
                            Ok(cups) => HttpResponse::Ok().body(format!("<p>{cups} cups</p>")),
                            Err(error) => HttpResponse::BadGateway().body(error.to_string()),
                        }
                    }
                }),
            );
        })
        .problems(|problem| Shaped::json(problem.status, &json!({ "error": problem.code })))
        .config_text("[units.all]\nhttp = \"127.0.0.1:0\"\n[edge]\nnotice = \"0s\"")
        .set("SEAM__APP__DATA", data.path().display().to_string())
        .start()
        .await
        .unwrap();
    let address = running.http().unwrap();
    let asked = tokio::task::spawn_blocking(move || {
        ["/tea/3", "/page/4", "/page/x", "/nothing"].map(|path| get(address, path))
    });
    let [contract, own, theirs, nothing] = asked.await.unwrap();
    assert!(contract.starts_with("HTTP/1.1 200") && contract.ends_with('3'), "{contract}");
    assert!(own.starts_with("HTTP/1.1 200") && own.ends_with("<p>4 cups</p>"), "{own}");
    assert!(theirs.starts_with("HTTP/1.1 404"), "{theirs}");
    assert!(nothing.starts_with("HTTP/1.1 404"), "{nothing}");
    assert!(nothing.ends_with(r#"{"error":"not_found"}"#), "{nothing}");
    assert!(nothing.contains("x-seam-outcome: not_executed"), "{nothing}");
    let status = running.status().await;
    let own = status.methods.iter().find(|method| method.service == "edge").unwrap();
    assert_eq!((own.metrics.calls, own.metrics.answered), (2, 1));
    running.stop().await;
}

#[tokio::test]
async fn an_edge_serves_by_tls_as_the_config_says() {
    let data = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (data.path().join("cert.pem"), data.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    let app = || {
        App::new("tearoom")
            .service::<Pot>()
            .config_text(
                "[units.all]\nhttp = \"127.0.0.1:0\"\nhttps = \"127.0.0.1:0\"\n\
                 [edge]\nnotice = \"0s\"\n[edge.tls]\ncert = \"c\"\nkey = \"k\"\nredirect = true\n",
            )
            .set("SEAM__APP__DATA", data.path().display().to_string())
            .set("SEAM__EDGE__TLS__CERT", cert.display().to_string())
            .set("SEAM__EDGE__TLS__KEY", key.display().to_string())
    };
    let failure = app().start().await.err().unwrap().to_string();
    assert!(failure.contains("key.pem can't be read") && failure.contains("fix: "), "{failure}");
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let running = app().start().await.unwrap();
    let (http, https) = (running.http().unwrap(), running.https().unwrap());
    let status = running.status().await;
    assert_eq!(status.https, Some(https.to_string()));
    let answer = tokio::task::spawn_blocking(move || get(http, "/tea/3")).await.unwrap();
    let there = format!("location: https://t:{}/tea/3", https.port());
    assert!(answer.starts_with("HTTP/1.1 308") && answer.contains(&there), "{answer}");
    running.stop().await;
    assert!(TcpStream::connect(https).is_err());
}
