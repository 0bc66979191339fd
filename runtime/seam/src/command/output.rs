//! Lines to a standard stream or a file, written by a thread of their own: a reader that stalls and a
//! disk that is full cost lines, which are counted, and nobody's time.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    mem,
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use seam_telemetry::logs::LogFile;

/// So many bytes may wait behind the batch that is being written, which had the same bound; beyond
/// them, lines are dropped.
const WAITING: usize = 2 << 20;
/// What stays of a buffer's memory once it is written.
const KEPT: usize = 64 << 10;
/// What a pipe takes as a whole (`PIPE_BUF`): lines of others who write to the same pipe come
/// between pieces of this size, and never into one.
const PIECE: usize = 4096;
/// How long until a stream is tried again that is full and says so, in place of waiting.
const AGAIN: Duration = Duration::from_millis(10);

/// A standard stream, or a file. Its thread lasts as long as the process.
#[derive(Clone)]
pub(super) struct Output {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// There is something to write.
    filled: Condvar,
    /// What there was is written.
    emptied: Condvar,
    /// All lines that nobody got.
    dropped: AtomicU64,
    /// How often the stream has taken something.
    taken: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    lines: u64,
    /// Lines dropped after those that wait.
    dropped: u64,
    /// A batch is being written.
    writing: bool,
}

/// Is told how many lines were dropped, once the stream takes lines again; may give one that says so.
pub(super) type Told = Box<dyn Fn(u64) -> Option<Vec<u8>> + Send>;

/// What to say of lines that were dropped.
pub(super) fn loss(dropped: u64) -> String {
    match dropped {
        1 => "1 line was dropped: nobody read it in time".into(),
        dropped => format!("{dropped} lines were dropped: nobody read them in time"),
    }
}

impl Output {
    /// Standard error.
    ///
    /// # Errors
    /// The system has no thread or descriptor left.
    pub(super) fn stderr(told: Told) -> io::Result<Self> {
        Self::to(File::from(io::stderr().as_fd().try_clone_to_owned()?), told)
    }

    /// Standard output.
    ///
    /// # Errors
    /// As [`Output::stderr`].
    pub(super) fn stdout(told: Told) -> io::Result<Self> {
        Self::to(File::from(io::stdout().as_fd().try_clone_to_owned()?), told)
    }

    /// The file of a process's lines.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn file(file: LogFile, told: Told) -> io::Result<Self> {
        Self::to(file, told)
    }

    fn to(stream: impl Write + Send + 'static, told: Told) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let output = Self { shared: Arc::clone(&shared) };
        let write = {
            let output = output.clone();
            move || output.write_all(stream, &told)
        };
        thread::Builder::new().name("output".into()).spawn(write)?;
        Ok(output)
    }

    /// Takes a whole line, its end included. If too many wait, it is dropped and counted.
    pub(super) fn line(&self, line: &[u8]) {
        let mut waiting = self.shared.waiting.lock();
        if !waiting.bytes.is_empty() && waiting.bytes.len() + line.len() > WAITING {
            waiting.dropped += 1;
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes.extend_from_slice(line);
        waiting.lines += 1;
        drop(waiting);
        self.shared.filled.notify_one();
    }

    /// How many lines nobody got until now.
    pub(super) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all is written, but no longer than `patience` for a reader that takes nothing, and
    /// no longer than ten times that for one that is slow.
    pub(super) fn flush(&self, patience: Duration) {
        let end = Instant::now() + 10 * patience;
        let mut taken = self.shared.taken.load(Ordering::Relaxed);
        let mut waiting = self.shared.waiting.lock();
        while waiting.writing || !waiting.bytes.is_empty() {
            let until = end.min(Instant::now() + patience);
            if self.shared.emptied.wait_until(&mut waiting, until).timed_out() {
                let before = mem::replace(&mut taken, self.shared.taken.load(Ordering::Relaxed));
                if before == taken || Instant::now() >= end {
                    return;
                }
            }
        }
    }

    fn write_all(&self, mut stream: impl Write, told: &Told) {
        let mut batch = Vec::new();
        // Dropped, and not said yet.
        let mut unsaid = 0;
        loop {
            let mut waiting = self.shared.waiting.lock();
            waiting.writing = false;
            self.shared.emptied.notify_all();
            while waiting.bytes.is_empty() {
                self.shared.filled.wait(&mut waiting);
            }
            waiting.writing = true;
            mem::swap(&mut batch, &mut waiting.bytes);
            let lines = mem::take(&mut waiting.lines);
            unsaid += mem::take(&mut waiting.dropped);
            drop(waiting);
            if write(&mut stream, &batch, &self.shared.taken).is_err() {
                // Nobody is there, or the disk is full.
                unsaid += lines;
                self.shared.dropped.fetch_add(lines, Ordering::Relaxed);
            } else if unsaid > 0
                && let Some(line) = told(mem::take(&mut unsaid))
            {
                self.line(&line);
            }
            batch.clear();
            batch.shrink_to(KEPT);
        }
    }
}

/// Writes lines, piece by piece; counts in `taken` what the stream takes.
fn write(stream: &mut impl Write, mut lines: &[u8], taken: &AtomicU64) -> io::Result<()> {
    while !lines.is_empty() {
        let (mut piece, rest) = lines.split_at(piece(lines));
        while !piece.is_empty() {
            match stream.write(piece) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    piece = &piece[written..];
                    taken.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::park_timeout(AGAIN),
                Err(error) => return Err(error),
            }
        }
        lines = rest;
    }
    Ok(())
}

/// As many whole lines as a pipe takes as a whole; a longer line alone.
fn piece(lines: &[u8]) -> usize {
    let is_end = |byte: &u8| *byte == b'\n';
    let within = &lines[..lines.len().min(PIECE)];
    let end = within.iter().rposition(is_end).or_else(|| lines.iter().position(is_end));
    end.map_or(lines.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, PipeReader, pipe};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn piped() -> (Output, BufReader<PipeReader>) {
        let (reader, writer) = pipe().unwrap();
        let told: Told = Box::new(|dropped| Some(format!("{}\n", loss(dropped)).into()));
        (Output::to(writer, told).unwrap(), BufReader::new(reader))
    }

    #[test]
    fn lines_arrive_in_their_order_and_the_last_by_a_flush() {
        let (output, reader) = piped();
        for number in 0..1000 {
            output.line(format!("{number}\n").as_bytes());
        }
        output.flush(LONG);
        let lines: Vec<_> = reader.lines().take(1000).map(Result::unwrap).collect();
        assert!(lines.iter().enumerate().all(|(number, line)| *line == number.to_string()));
        assert_eq!(output.dropped(), 0);
    }

    #[test]
    fn a_reader_that_stalls_costs_lines_and_no_time_and_is_told_how_many() {
        let (output, reader) = piped();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        // A batch is being written and another waits, and some are in the pipe.
        let sent = 4 * WAITING as u64 / 1024;
        (0..sent).for_each(|_| output.line(&line));
        let dropped = output.dropped();
        assert!(dropped > sent / 4 && dropped < sent, "{dropped} of {sent}");
        output.flush(Duration::from_millis(1));
        // Now it reads: what was taken, and then the count.
        let mut taken = 0;
        for line in reader.lines().map(Result::unwrap) {
            if line.starts_with('x') {
                taken += 1;
            } else {
                assert_eq!(line, loss(dropped));
                break;
            }
        }
        assert_eq!(taken + dropped, sent);
    }

    #[test]
    fn without_a_reader_lines_are_counted_and_nothing_waits() {
        let (output, reader) = piped();
        drop(reader);
        output.line(b"lost\n");
        output.flush(LONG);
        assert_eq!(output.dropped(), 1);
    }

    /// A disk that is full until it isn't.
    struct Disk {
        full: Arc<std::sync::atomic::AtomicBool>,
        bytes: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.full.load(Ordering::Relaxed) {
                return Err(ErrorKind::StorageFull.into());
            }
            self.bytes.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_costs_lines_which_are_counted_and_is_over_when_it_is_over() {
        let (full, bytes) = (Arc::default(), Arc::default());
        let disk = Disk { full: Arc::clone(&full), bytes: Arc::clone(&bytes) };
        let told: Told = Box::new(|dropped| Some(format!("{dropped} are missing\n").into()));
        let output = Output::to(disk, told).unwrap();
        for round in 1..=2 {
            full.store(true, Ordering::Relaxed);
            (0..3).for_each(|_| output.line(b"lost\n"));
            output.flush(LONG);
            assert_eq!(output.dropped(), 3 * round);
            full.store(false, Ordering::Relaxed);
            output.line(b"kept\n");
            output.flush(LONG);
        }
        let text = String::from_utf8(bytes.lock().clone()).unwrap();
        assert_eq!(text, "kept\n3 are missing\nkept\n3 are missing\n");
    }

    #[test]
    fn a_pipe_is_given_whole_lines() {
        let long = [b'y'; 2 * PIECE];
        let lines = [&b"a\nb\n"[..], &long, b"\nc\n"].concat();
        assert_eq!(piece(&lines), 4);
        assert_eq!(piece(&lines[4..]), 2 * PIECE + 1);
        assert_eq!(piece(b"c\n"), 2);
        assert_eq!(piece(&vec![b'\n'; 2 * PIECE]), PIECE);
    }
}
