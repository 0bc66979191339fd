//! Folders that an edge shows.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use seam_gateway::actix_web::web::{self, ServiceConfig};
use seam_gateway::{Edge, EdgeSettings, FileFolder, Own, WebSettings};
use tempfile::TempDir;

use crate::support::{Answer, Connection, Ready, get, request, settings, shelf};

/// A folder with a page, and something beside it that nobody is to see.
struct Site {
    edge: Edge,
    around: TempDir,
}

impl Site {
    fn new() -> Self {
        let around = tempfile::tempdir().unwrap();
        let write = |path: &str, content: &[u8]| {
            let path = around.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("secret.txt", b"SECRET");
        write("web/index.html", b"<!doctype html>home");
        write("web/app.js", &b"let a = 1;\n".repeat(200));
        write("web/big.txt", &b"0123456789".repeat(60_000));
        write("web/picture.png", b"0123456789");
        write("web/empty.txt", b"");
        write("web/sub/index.html", b"sub");
        write("web/bare/note.md", b"note");
        write("web/.env", b"SECRET");
        write("web/.git/config", b"SECRET");
        write("web/sub/.hidden/file.txt", b"SECRET");
        write("web/healthz", b"SECRET");
        write("web/api/book/5", b"SECRET");
        write("web/own", b"SECRET");
        write("web/caf\u{e9} au lait.txt", b"coffee");
        write("other/page.html", b"other");
        let folder = |prefix: &str, path: &str| FileFolder {
            prefix: prefix.into(),
            path: around.path().join(path),
        };
        let files = vec![folder("/", "web"), folder("/other", "other"), folder("/gone", "gone")];
        let web = WebSettings { files, ..WebSettings::default() };
        let settings = EdgeSettings { web: web.into(), ..settings() };
        let routes = |config: &mut ServiceConfig| {
            config.route("/own", web::get().to(|| async { "own" }));
        };
        let own = Own { routes: Some(Arc::new(routes)), ..Own::default() };
        let edge = Edge::bind_with(settings, vec![shelf()], Arc::new(Ready), own).unwrap();
        Self { edge, around }
    }

    async fn get(&self, path: &str) -> Answer {
        get(&self.edge, path).await
    }

    async fn with(&self, path: &str, headers: &str) -> Answer {
        request(&self.edge, &format!("GET {path}\n{headers}"), "").await
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.around.path().join(path)
    }
}

#[tokio::test]
async fn files_are_shown_where_nothing_else_is() {
    let site = Site::new();
    let page = site.get("/").await;
    assert_eq!((page.status, &*page.body), (200, "<!doctype html>home"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("cache-control"), Some("public, no-cache"));
    assert_eq!(page.header("accept-ranges"), Some("bytes"));
    assert!(page.header("last-modified").unwrap().ends_with(" GMT"));
    assert_eq!(site.get("/index.html").await.body, page.body);
    assert_eq!(site.get("/sub/").await.body, "sub");
    assert_eq!(site.get("/other/page.html?v=1").await.body, "other");
    assert_eq!(site.get("/caf%C3%A9%20au%20lait.txt").await.body, "coffee");
    assert_eq!(site.get("/empty.txt").await.header("content-length"), Some("0"));
    let moved = site.get("/sub?a=b").await;
    assert_eq!((moved.status, moved.header("location")), (308, Some("/sub/?a=b")));

    assert_eq!(site.get("/healthz").await.body, r#"{"status":"ok"}"#);
    assert_eq!(site.get("/api/book/5").await.json()["title"], "Ada");
    assert_eq!(site.get("/own").await.body, "own");
    for path in
        ["/nothing", "/app.js/", "/bare/", "/bare", "/gone/x", "/other/", "/app.js/x", "/sub/x"]
    {
        assert_eq!(site.get(path).await.problem().1, "not_found", "{path}");
    }
    let long = format!("/{}", "x".repeat(3000));
    assert_eq!(site.get(&long).await.problem().1, "not_found");
    let posted = request(&site.edge, "POST /app.js", "x").await;
    assert_eq!(
        (posted.problem().1.as_str(), posted.header("allow")),
        ("method_not_allowed", Some("GET, HEAD, OPTIONS"))
    );
    let options = request(&site.edge, "OPTIONS /app.js", "").await;
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    assert_eq!(request(&site.edge, "OPTIONS /nothing", "").await.status, 404);
}

#[tokio::test]
async fn a_file_is_served_as_it_is_at_the_moment() {
    let site = Site::new();
    let first = site.get("/app.js").await;
    let (tag, time) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
    for headers in [format!("If-None-Match: {tag}"), format!("If-Modified-Since: {time}")] {
        let unchanged = site.with("/app.js", &headers).await;
        assert_eq!((unchanged.status, unchanged.header("etag")), (304, Some(tag)), "{headers}");
        assert_eq!(unchanged.header("content-type"), None);
        assert_eq!(unchanged.header("last-modified"), Some(time));
    }
    fs::write(site.path("web/app.js"), "let b = 2;").unwrap();
    let changed = site.with("/app.js", &format!("If-None-Match: {tag}")).await;
    assert_eq!((changed.status, &*changed.body), (200, "let b = 2;"));
    fs::write(site.path("web/app.js"), b"let a = 1;\n".repeat(200)).unwrap();
    assert_eq!(
        site.get("/app.js").await.header("etag"),
        Some(tag),
        "the same content, the same tag"
    );
    fs::write(site.path("web/new.txt"), "new").unwrap();
    assert_eq!(site.get("/new.txt").await.body, "new");
    fs::remove_file(site.path("web/new.txt")).unwrap();
    assert_eq!(site.get("/new.txt").await.status, 404);
}

#[tokio::test]
async fn large_files_come_in_pieces_and_texts_in_a_coding() {
    let site = Site::new();
    let big = site.get("/big.txt").await;
    assert_eq!((big.bytes.len(), big.header("content-length")), (600_000, Some("600000")));
    assert_eq!(big.bytes, b"0123456789".repeat(60_000));
    let tag = big.header("etag").unwrap();
    assert_eq!(site.with("/big.txt", &format!("If-None-Match: {tag}")).await.status, 304);
    for path in ["/big.txt", "/app.js"] {
        let plain = site.get(path).await;
        let coded = site.with(path, "Accept-Encoding: gzip").await;
        assert_eq!(coded.header("content-encoding"), Some("gzip"));
        assert_eq!(
            (coded.header("vary"), coded.header("accept-ranges")),
            (Some("Accept-Encoding"), None)
        );
        let mut decoded = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(&*coded.bytes), &mut decoded).unwrap();
        assert_eq!(decoded, plain.bytes);
        let mine = coded.header("etag").unwrap();
        assert_ne!(Some(mine), plain.header("etag"));
        let known = format!("Accept-Encoding: gzip\nIf-None-Match: {mine}");
        assert_eq!(site.with(path, &known).await.status, 304);
    }
    let mut connection = Connection::to(site.edge.address()).await;
    for path in ["/big.txt", "/picture.png", "/big.txt"] {
        connection
            .send(format!("HEAD {path} HTTP/1.1\r\nHost: t\r\nRange: bytes=0-1\r\n\r\n"))
            .await;
        let head = connection.head().await.unwrap();
        assert_eq!(head.status, 200, "a range is for GET");
        let whole = site.get(path).await;
        for name in ["content-length", "etag", "content-type"] {
            assert_eq!(head.header(name), whole.header(name), "{name} of {path}");
        }
    }
}

#[tokio::test]
async fn one_range_of_a_file_is_served() {
    let site = Site::new();
    for (range, status, body, within) in [
        ("bytes=0-0", 206, "0", "bytes 0-0/10"),
        ("bytes=2-5", 206, "2345", "bytes 2-5/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=5-99", 206, "56789", "bytes 5-9/10"),
        ("bytes=0-1,3-4", 200, "0123456789", ""),
        ("bytes=5-2", 200, "0123456789", ""),
        ("bytes=x-", 200, "0123456789", ""),
        ("items=0-1", 200, "0123456789", ""),
    ] {
        let answer = site.with("/picture.png", &format!("Range: {range}")).await;
        assert_eq!((answer.status, &*answer.body), (status, body), "{range}");
        assert_eq!(answer.header("content-range").unwrap_or_default(), within, "{range}");
        assert_eq!(answer.header("content-type"), Some("image/png"));
        assert!(answer.header("etag").is_some() && answer.header("last-modified").is_some());
    }
    for range in ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999-"] {
        let answer = site.with("/picture.png", &format!("Range: {range}")).await;
        assert_eq!(answer.problem().1, "range_not_satisfiable", "{range}");
        assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */10")));
    }
    let far = site.with("/big.txt", "Range: bytes=599995-\nAccept-Encoding: gzip").await;
    assert_eq!((far.status, &*far.body, far.header("content-encoding")), (206, "56789", None));
    assert_eq!(far.header("vary"), Some("Accept-Encoding"));
    let middle = site.with("/big.txt", "Range: bytes=100001-300000").await;
    assert_eq!((middle.status, middle.bytes.len(), middle.bytes[0]), (206, 200_000, b'1'));
    let empty = site.with("/empty.txt", "Range: bytes=0-").await;
    assert_eq!((empty.status, empty.header("content-range")), (416, Some("bytes */0")));
}

#[tokio::test]
async fn a_range_goes_on_with_the_same_file_alone() {
    let site = Site::new();
    let whole = site.get("/picture.png").await;
    let (tag, time) = (whole.header("etag").unwrap(), whole.header("last-modified").unwrap());
    for (known, status) in [
        (tag.to_owned(), 206),
        (time.to_owned(), 206),
        (format!("W/{tag}"), 200),
        ("\"x\"".into(), 200),
        ("Sat, 21 Nov 2020 14:09:05 GMT".into(), 200),
    ] {
        let headers = format!("Range: bytes=2-5\nIf-Range: {known}");
        assert_eq!(site.with("/picture.png", &headers).await.status, status, "{known}");
    }
    for range in ["bytes=2-5", "bytes=99-"] {
        let headers = format!("Range: {range}\nIf-None-Match: {tag}");
        let unchanged = site.with("/picture.png", &headers).await;
        assert_eq!((unchanged.status, unchanged.header("etag")), (304, Some(tag)));
    }
    let headers = "Range: bytes=2-5\nIf-None-Match: \"x\"";
    assert_eq!(site.with("/picture.png", headers).await.status, 206);
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_about_in_the_folder_and_not_out_of_it() {
    let site = Site::new();
    let link = |to: &Path, from: &str| std::os::unix::fs::symlink(to, site.path(from)).unwrap();
    link(&site.path("secret.txt"), "web/out.txt");
    link(Path::new("../secret.txt"), "web/near.txt");
    link(Path::new("/etc/passwd"), "web/passwd");
    link(site.around.path(), "web/around");
    link(Path::new("/"), "web/root");
    link(Path::new(".env"), "web/env.txt");
    link(Path::new(".git"), "web/git");
    link(Path::new("loop.txt"), "web/loop.txt");
    link(Path::new("nowhere"), "web/dangling.txt");
    for path in [
        "/out.txt",
        "/near.txt",
        "/passwd",
        "/around/secret.txt",
        "/around/",
        "/root/etc/passwd",
        "/env.txt",
        "/git/config",
        "/dangling.txt",
    ] {
        assert_eq!(site.get(path).await.problem().1, "not_found", "{path}");
    }
    assert!(site.get("/loop.txt").await.status >= 404);
    link(&site.path("web/sub/index.html"), "web/in.html");
    link(Path::new("sub"), "web/also");
    assert_eq!(site.get("/in.html").await.body, "sub");
    assert_eq!(site.get("/also/").await.body, "sub");
    let made = std::process::Command::new("mkfifo").arg(site.path("web/pipe")).status();
    if made.is_ok_and(|made| made.success()) {
        assert_eq!(site.get("/pipe").await.status, 404, "nobody waits for it");
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder() {
    let site = Site::new();
    let ups = [
        "..",
        "%2e%2e",
        ".%2e",
        "%2E.",
        "..%00",
        "%252e%252e",
        "..;",
        "...",
        "\u{2025}",
        "%c0%ae%c0%ae",
        "%uff0e%uff0e",
    ];
    let slashes = ["/", "%2f", "%2F", "\\", "%5c", "%255c", "//", "/./", "%c0%af"];
    let mut paths: Vec<String> = Vec::new();
    for up in ups {
        for slash in slashes {
            paths.push(format!("/{up}{slash}secret.txt"));
            paths.push(format!("/sub{slash}{up}{slash}{up}{slash}secret.txt"));
        }
    }
    for path in [
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/.git/",
        "/.git",
        "/sub/.hidden/file.txt",
        "/sub/%2ehidden/file.txt",
        "/./.env",
        "//secret.txt",
        "/web/../../secret.txt",
        "/sub/index.html/../../.env",
        "/file:///etc/passwd",
        "/C:/secret.txt",
        "/~/secret.txt",
        "/secret.txt",
        "/secret.txt%00.html",
        "/index.html%00",
        "/.env%20",
        "/%20.env",
        "/other/../.env",
        "/other/..%2f.env",
        "/otherwise/page.html",
    ] {
        paths.push(path.into());
    }
    assert!(paths.len() >= 200, "{}", paths.len());
    for path in paths {
        let mut connection = Connection::to(site.edge.address()).await;
        connection.send(format!("GET {path} HTTP/1.1\r\nHost: t\r\n\r\n")).await;
        let answer = connection.answer().await.expect("an answer");
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.body.contains("SECRET"), "{path}");
    }
}
