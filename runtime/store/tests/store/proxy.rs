//! Stands between a store and its database, and cuts their connection at a commit.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
};

/// What becomes of the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    /// Nothing in particular.
    None,
    /// The database never hears of it.
    Before,
    /// Its answer gets lost.
    After,
    /// The database never hears of it, and nobody gets through any more.
    ForGood,
    /// Nobody gets through.
    Away,
}

/// Clones are handles on the same.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    pub(crate) fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, cut: Arc::new(AtomicU8::new(Cut::None as u8)) };
        let of = proxy.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of.cut() == Cut::Away {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (forth, back) = (of.clone(), of.clone());
                thread::spawn(move || forth.carry(ends.0, ends.1, true));
                thread::spawn(move || back.carry(server, client, false));
            }
        });
        proxy
    }

    pub(crate) fn next(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }

    fn cut(&self) -> Cut {
        let all = [Cut::None, Cut::Before, Cut::After, Cut::ForGood, Cut::Away];
        all[usize::from(self.cut.load(Ordering::SeqCst))]
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, forth: bool) {
        let mut buffer = [0; 64 * 1024];
        // A commit may be parted.
        let mut seen: Vec<u8> = Vec::new();
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            seen.extend(&buffer[..read]);
            let commits = seen.windows(7).any(|bytes| bytes == b"COMMIT\0");
            seen.drain(..seen.len().saturating_sub(6));
            match self.cut() {
                Cut::Before if commits && forth => {
                    self.next(Cut::None);
                    break;
                }
                Cut::After if commits && !forth => {
                    self.next(Cut::None);
                    break;
                }
                Cut::ForGood if commits && forth => {
                    self.next(Cut::Away);
                    break;
                }
                Cut::Away => break,
                _ => {}
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
