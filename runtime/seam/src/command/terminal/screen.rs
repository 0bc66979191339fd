//! A terminal's second screen, on which something is drawn again and again while keys are read.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use rustix::{
    io::Errno,
    stdio,
    termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
    },
};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::{Key, Keys};

/// The second screen, and no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l";
/// Back to the first one.
const LEAVE: &[u8] = b"\x1b[?25h\x1b[?1049l";
/// To the first line.
const HOME: &str = "\x1b[H";
/// Clears what is right of the cursor, and what is below it.
const REST: &str = "\x1b[K";
const BELOW: &str = "\x1b[J";
/// What a terminal has that doesn't say.
const SIZE: (usize, usize) = (80, 24);
/// For so many tenths of a second a read waits for a key.
const WAIT: u8 = 1;
/// So many reads may wait to be looked at.
const WAITING: usize = 64;

/// The terminal, as long as it is drawn on. Dropped, it gives it back as it was.
#[derive(Debug)]
pub(in crate::command) struct Screen {
    before: Termios,
    keys: mpsc::Receiver<Vec<Key>>,
    /// What reads them, and whether that is to end.
    reader: Option<JoinHandle<()>>,
    over: Arc<AtomicBool>,
}

impl Screen {
    /// What gives a terminal back, beside its mode.
    pub(in crate::command) const LEAVE: &'static [u8] = LEAVE;

    /// Whether somebody sits at both ends of this process.
    pub(in crate::command) fn is_there() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal. Keys come at once, and are not shown; Ctrl-C is one of them.
    ///
    /// # Errors
    /// Standard input or output is no terminal.
    pub(in crate::command) fn open() -> io::Result<Self> {
        let before = tcgetattr(stdio::stdin())?;
        let mut raw = before.clone();
        raw.local_modes -=
            LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = WAIT;
        tcsetattr(stdio::stdin(), OptionalActions::Now, &raw)?;
        let (send, keys) = mpsc::channel(WAITING);
        let over = Arc::<AtomicBool>::default();
        // From here on it is given back.
        let mut screen = Self { before, keys, reader: None, over: Arc::clone(&over) };
        write(ENTER)?;
        let read = move || read(&over, &send);
        screen.reader = Some(thread::Builder::new().name("keys".into()).spawn(read)?);
        Ok(screen)
    }

    /// The next keys; `None` if the terminal has gone.
    pub(in crate::command) async fn pressed(&mut self) -> Option<Vec<Key>> {
        self.keys.recv().await
    }

    /// Columns and lines.
    pub(in crate::command) fn size(&self) -> (usize, usize) {
        match tcgetwinsize(stdio::stdout()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
                (size.ws_col.into(), size.ws_row.into())
            }
            _ => SIZE,
        }
    }

    /// Draws these lines, of which none is longer than the terminal is wide.
    ///
    /// # Errors
    /// The terminal has gone.
    pub(in crate::command) fn draw(&self, lines: &[String]) -> io::Result<()> {
        let mut all = String::from(HOME);
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                all.push_str("\r\n");
            }
            all.push_str(line);
            all.push_str(REST);
        }
        all.push_str(BELOW);
        write(all.as_bytes())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // What is typed from now on is for somebody else.
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let _ = write(LEAVE);
        let _ = tcsetattr(stdio::stdin(), OptionalActions::Flush, &self.before);
    }
}

/// Reads keys until it is over.
fn read(over: &AtomicBool, send: &mpsc::Sender<Vec<Key>>) {
    let (mut keys, mut bytes) = (Keys::default(), [0; 256]);
    while !over.load(Ordering::Relaxed) {
        let pressed = match rustix::io::read(stdio::stdin(), &mut bytes) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(length) => keys.read(&bytes[..length]),
            Err(_) => return,
        };
        // Nobody looks at keys that come faster than anything is drawn.
        if send.try_send(pressed).is_err_and(|error| matches!(error, TrySendError::Closed(_))) {
            return;
        }
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
