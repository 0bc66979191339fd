//! The actor, with a folder and with a mail server.

use std::path::Path;

use order::OrderPaid;
use seam::prelude::*;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use user::{Account, UserClient, UserError};

use crate::contract::{MailClient, MailError};
use crate::post::Post;
use crate::service::MailService;

/// Knows Ada, whose id is 1, and nobody else.
fn mail(post: Post) -> MailClient {
    let users = UserClient::fake().on_get(async |id| match id {
        1 => Ok(Account { id, name: "Ada".into(), email: "ada@example.com".into() }),
        _ => Err(CallError::Service(UserError::UserNotFound)),
    });
    let from = "Shop <shop@example.com>".parse().unwrap();
    MailClient::local(MailService::new(users.into(), from, post))
}

fn paid(order_id: u64, user_id: u64) -> OrderPaid {
    OrderPaid { order_id, user_id, total_cents: 250 }
}

fn files(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_order_has_one_file_however_often_it_is_confirmed() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("mail");
    let mail = mail(Post::folder(folder.clone()).unwrap());
    for order in [7, 8, 7] {
        mail.order_paid(paid(order, 1)).await.unwrap();
    }
    assert_eq!(files(&folder), ["7.eml", "8.eml"]);
    let text = std::fs::read_to_string(folder.join("7.eml")).unwrap();
    assert!(text.contains("Message-ID: <order-7@example.com>"), "{text}");
    assert!(text.contains("To: Ada <ada@example.com>"), "{text}");
}

#[tokio::test]
async fn what_an_end_by_force_has_left_is_removed() {
    let data = tempfile::tempdir().unwrap();
    for name in ["7.eml", ".abc.part"] {
        std::fs::write(data.path().join(name), "a mail").unwrap();
    }
    Post::folder(data.path().to_owned()).unwrap();
    assert_eq!(files(data.path()), ["7.eml"]);
}

#[tokio::test]
async fn nobody_to_write_to_is_an_error() {
    let data = tempfile::tempdir().unwrap();
    let mail = mail(Post::folder(data.path().to_owned()).unwrap());
    let error = mail.order_paid(paid(7, 2)).await;
    assert_eq!(error, Err(CallError::Service(MailError::User(UserError::UserNotFound))));
    assert!(files(data.path()).is_empty());
}

/// A mail server for one mail, which answers `RCPT` so; gives what it was told.
async fn server(recipient: &'static str) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let (mut said, mut data) = (Vec::new(), false);
        stream.write_all(b"220 here\r\n").await.unwrap();
        let mut line = String::new();
        while stream.read_line(&mut line).await.unwrap() > 0 {
            let text = line.trim_end().to_owned();
            line.clear();
            let answer = match &*text {
                "." => "250 taken",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ if text.starts_with("RCPT") => recipient,
                _ => "250 well",
            };
            data = (data || text == "DATA") && text != ".";
            if !data || text == "DATA" {
                stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            }
            said.push(text);
        }
        said
    });
    (url, server)
}

#[tokio::test]
async fn a_mail_server_is_told_for_whom_it_is() {
    let (url, server) = server("250 well").await;
    let mail = mail(Post::server(&url).unwrap());
    mail.order_paid(paid(7, 1)).await.unwrap();
    let said = server.await.unwrap();
    assert!(said.iter().any(|line| line == "RCPT TO:<ada@example.com>"), "{said:?}");
    assert!(said.iter().any(|line| line == "Message-ID: <order-7@example.com>"), "{said:?}");
}

#[tokio::test]
async fn what_a_mail_server_says_is_in_the_error() {
    let (url, _server) = server("550 5.1.1 no such mailbox").await;
    let mail = mail(Post::server(&url).unwrap());
    let error = mail.order_paid(paid(7, 1)).await.unwrap_err();
    let CallError::Service(error) = error else { panic!("{error:?}") };
    let text = error.to_string();
    assert!(text.contains("550") && text.contains("no such mailbox"), "{text}");
}
