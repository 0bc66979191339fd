//! The shop at a terminal, and over a pipe: `repl` and `top`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use seam_tests::process::{Process, signal};
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn open() -> io::Result<(Premises, Process)> {
    let premises = Premises::new(Vec::new())?;
    let up = premises.start(&["up", "split"])?;
    // In a panic, `up` shows its log.
    premises.edge(3, true).await.unwrap();
    Ok((premises, up))
}

/// What `repl` says to lines that nobody types, and whether it ends well.
async fn piped(premises: &Premises, arguments: &[&str], lines: &str) -> io::Result<(String, bool)> {
    let mut command = premises.prepared(&[&["repl"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn()?;
    child.stdin.take().unwrap().write_all(lines.as_bytes()).await?;
    let output = child.wait_with_output().await?;
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok((String::from_utf8(output.stdout).unwrap(), output.status.success()))
}

#[tokio::test]
async fn lines_of_a_pipe_are_answered() -> io::Result<()> {
    let (premises, mut up) = open().await?;
    let lines = "\
# a comment
payment.charge {\"order\": 1, \"amount\": 900}

payment.receipt {\"order\": 7}
trace
bench payment.receipt {\"order\": 1} --for 200ms --concurrency 2
quit
never.reached {}
";
    let (said, well) = piped(&premises, &["--json"], lines).await?;
    assert!(well, "an error of a service is an answer: {said}");
    let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [charged, unpaid, trace, bench] = &said[..] else { panic!("{said:?}") };
    assert_eq!(
        (&charged["call"], &charged["outcome"]),
        (&json!("payment.charge"), &json!("answered"))
    );
    assert_eq!(charged["answer"], json!({ "id": 1, "orderId": 1, "amountCents": 900 }));
    assert!(charged["tookUs"].as_u64().unwrap() > 0);
    assert_eq!(
        (&unpaid["outcome"], &unpaid["problem"]["code"]),
        (&json!("service_error"), &json!("not_paid"))
    );
    // The last call's, though nobody named it.
    assert_eq!(trace["traceId"], unpaid["traceId"]);
    assert_eq!(trace["spans"][0]["method"], "receipt");
    assert_eq!((&bench["call"], &bench["failures"]), (&json!("payment.receipt"), &json!(0)));
    assert!(
        bench["calls"].as_u64().unwrap() > 0 && bench["p99Us"].as_f64() >= bench["p50Us"].as_f64()
    );

    // As by `call`, they are in the audit.
    let audit = premises.command(&["audit", "--json"]).await?;
    let audit: Vec<Value> = serde_json::from_slice(&audit.stdout).unwrap();
    let done: Vec<_> = audit
        .iter()
        .map(|own| (own["action"].as_str().unwrap(), own["target"].as_str().unwrap()))
        .collect();
    assert_eq!(
        done,
        [("call", "payment.charge"), ("call", "payment.receipt"), ("bench", "payment.receipt")]
    );
    assert!(audit[1]["result"] == "not_paid (service)" && audit[2]["new"]["concurrency"] == 2);
    assert!(up.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_line_that_fails_is_said_with_its_fix_and_the_rest_goes_on() -> io::Result<()> {
    let (premises, mut up) = open().await?;
    for (line, fix) in [
        ("paymnt.charge {}", "did you mean `payment`?"),
        ("payment.chrge {}", "did you mean `charge`?"),
        ("payment.charge {\"order\": 1", "up to the last `}`"),
        (
            "payment.charge {\"ordr\": 1}",
            "arguments of payment.charge: {\"order\": integer, \"amount\": integer}",
        ),
        ("payment", "payment.charge"),
        ("trace", "`traces` lists"),
    ] {
        let (said, well) = piped(&premises, &[], &format!("{line}\nhelp payment.charge\n")).await?;
        assert!(!well && said.contains(fix), "{line}: {said}");
        assert!(said.contains("e.g. payment.charge {\"order\": 0, \"amount\": 0}"), "{said}");
    }
    assert!(up.stop().await?.success());
    // Nothing runs.
    let output = premises.command(&["repl"]).await?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("fix: start it"));
    Ok(())
}

/// A program at a terminal of its own.
struct Terminal {
    child: Child,
    /// The program's end of it, which stays open.
    own: OwnedFd,
    /// The end at which somebody sits.
    keys: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn run(premises: &Premises, arguments: &[&str]) -> io::Result<Self> {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&keys)?;
        unlockpt(&keys)?;
        let name = ptsname(&keys, Vec::new())?;
        let own = rustix::fs::open(
            &*name,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )?;
        tcsetwinsize(&own, Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 })?;
        let mut command = premises.prepared(arguments);
        let end = || own.as_fd().try_clone_to_owned().map(Stdio::from);
        command
            .stdin(end()?)
            .stdout(end()?)
            .stderr(end()?)
            .env("TERM", "xterm")
            .env_remove("NO_COLOR");
        let child = command.kill_on_drop(true).spawn()?;
        let keys = File::from(keys);
        let (mut read, (send, screen)) = (keys.try_clone()?, sync_channel(64));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = read.read(&mut bytes) {
                if send.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, own, keys, screen, seen: String::new() })
    }

    fn press(&mut self, keys: &str) -> io::Result<()> {
        self.keys.write_all(keys.as_bytes())
    }

    /// Waits until this is on the screen, after what was waited for before.
    fn shows(&mut self, text: &str) {
        assert!(self.shows_within(PATIENCE, text), "no `{text}` in {}", self.seen);
    }

    fn shows_within(&mut self, patience: Duration, text: &str) -> bool {
        let until = Instant::now() + patience;
        while !self.seen.contains(text) {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.screen.recv_timeout(left) else { return false };
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        let end = self.seen.find(text).unwrap() + text.len();
        self.seen.drain(..end);
        true
    }

    /// Whether lines are edited and shown by the terminal itself.
    fn is_as_before(&self) -> bool {
        let modes = tcgetattr(&self.own).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    async fn ended(&mut self) -> io::Result<ExitStatus> {
        tokio::time::timeout(PATIENCE, self.child.wait()).await?
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn top_is_steered_by_keys_and_gives_the_terminal_back() -> io::Result<()> {
    let (premises, mut up) = open().await?;
    piped(&premises, &[], "payment.receipt {\"order\": 1}\n").await?;
    for end in ["q", "\u{3}", "SIGTERM"] {
        let mut top = Terminal::run(&premises, &["top"])?;
        top.shows("shop top: 3 processes");
        top.shows("CALLS/S▼");
        assert!(!top.is_as_before());
        top.press("9")?;
        top.shows("P99▼");
        top.press("/rece")?;
        top.shows("filter: rece_");
        top.press("\r")?;
        top.shows("with `rece`");
        top.press(" ")?;
        top.shows("PAUSED");
        match end {
            "SIGTERM" => signal(top.child.id().unwrap(), Signal::TERM)?,
            key => top.press(key)?,
        }
        assert_eq!(top.ended().await?.success(), end != "SIGTERM", "{end:?}");
        // The first screen, with its cursor.
        top.shows("\x1b[?25h\x1b[?1049l");
        assert!(top.is_as_before(), "{end:?}");
    }
    assert!(up.stop().await?.success());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_completes_remembers_and_is_interrupted() -> io::Result<()> {
    let (premises, mut up) = open().await?;
    let mut repl = Terminal::run(&premises, &["repl"])?;
    repl.shows("shop: units front, pay, quote");
    repl.shows("shop> ");
    repl.press("payment.ch\t{\"o\t7, \"a\t900}\r")?;
    repl.shows("\"orderId\": 7");
    repl.shows("answered in");
    repl.press(
        "user.create {\"name\": \"Ada\", \"email\": \"a@b.c\", \"password\": \"hidden away\"}\r",
    )?;
    repl.shows("answered in");
    repl.shows("shop> ");
    // A line that is thrown away, and a bench that is.
    repl.press("x")?;
    repl.shows("x");
    repl.press("\u{3}")?;
    repl.shows("shop> ");
    repl.press("bench payment.receipt {\"order\": 7} --for 10m\r")?;
    repl.shows("10m");
    while !repl.shows_within(Duration::from_millis(200), ", interrupted") {
        signal(repl.child.id().unwrap(), Signal::INT)?;
    }
    repl.shows("shop> ");
    repl.press("\u{4}")?;
    assert!(repl.ended().await?.success());
    assert!(repl.is_as_before());

    let history = premises.folder().join("data/control/repl.history");
    assert_eq!(fs::metadata(&history)?.permissions().mode() & 0o777, 0o600);
    let kept = fs::read_to_string(&history)?;
    let kept: Vec<&str> = kept.lines().skip(1).collect();
    assert_eq!(
        kept,
        [
            "payment.charge {\"order\": 7, \"amount\": 900}",
            "bench payment.receipt {\"order\": 7} --for 10m",
        ]
    );
    assert!(up.stop().await?.success());
    Ok(())
}
