//! A collector that does as it is told.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use parking_lot::Mutex;
use prost::Message;

/// How long a test waits for what is to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a collector says to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// It has taken it.
    Ok,
    /// A status, and further lines of the head, each with its end.
    Status(u16, &'static str),
    /// It has taken all but so many: fewer than 128.
    Partly(u8),
    /// Nothing, ever.
    Nothing,
    /// It closes the connection.
    Gone,
}

/// A collector. Dropped, it takes no more connections.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) url: String,
    received: Receiver<Received>,
}

/// What it was sent.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    /// In small letters, with their ends.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn traces(&self) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest::decode(&*self.body).unwrap()
    }

    pub(crate) fn metrics(&self) -> ExportMetricsServiceRequest {
        ExportMetricsServiceRequest::decode(&*self.body).unwrap()
    }

    pub(crate) fn logs(&self) -> ExportLogsServiceRequest {
        ExportLogsServiceRequest::decode(&*self.body).unwrap()
    }
}

impl Collector {
    /// It says `replies` to its first requests, and the last of them to all others.
    pub(crate) fn start(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let replies = Arc::new(Mutex::new(VecDeque::from(replies.to_vec())));
        let (sender, received) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (replies, sender) = (replies.clone(), sender.clone());
                thread::spawn(move || serve(&stream.unwrap(), &replies, &sender));
            }
        });
        Self { url, received }
    }

    /// The next request.
    pub(crate) fn next(&self) -> Received {
        self.received.recv_timeout(PATIENCE).unwrap()
    }

    /// The next request to a path.
    pub(crate) fn next_to(&self, path: &str) -> Received {
        loop {
            let received = self.next();
            if received.path == path {
                return received;
            }
        }
    }

    /// How many requests have come that nobody has asked for.
    pub(crate) fn others(&self) -> usize {
        self.received.try_iter().count()
    }
}

/// Serves requests of a connection, one after the other.
fn serve(mut stream: &TcpStream, replies: &Mutex<VecDeque<Reply>>, sender: &Sender<Received>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(received) = read(&mut reader) {
        let reply = {
            let mut replies = replies.lock();
            if replies.len() > 1 { replies.pop_front() } else { replies.front().copied() }
        };
        let _ = sender.send(received);
        let (status, lines, body) = match reply.unwrap() {
            Reply::Ok => (200, "", Vec::new()),
            Reply::Status(status, lines) => (status, lines, Vec::new()),
            Reply::Partly(rejected) => (200, "", vec![0x0a, 2, 8, rejected]),
            Reply::Gone => return,
            Reply::Nothing => {
                thread::park();
                return;
            }
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} x\r\n{lines}content-length: {length}\r\n\r\n");
        if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Received> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let path = head.split(' ').nth(1)?.to_owned();
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let mut plain = Vec::new();
    GzDecoder::new(&*body).read_to_end(&mut plain).ok()?;
    Some(Received { path, head, body: plain })
}
