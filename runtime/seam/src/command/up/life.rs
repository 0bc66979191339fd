//! How a unit's process is doing, for who waits for it to end or to be ready.

/// What a process does now, and how those before it ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    pub(super) state: State,
    /// How many processes ended without being told to.
    pub(super) deaths: u64,
    /// How the last of them ended.
    pub(super) how: String,
    /// Whether the last that was told to end was killed, because it didn't in time.
    pub(super) killed: bool,
}

/// Where an instance stands between two processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// A process runs, and isn't ready yet.
    #[default]
    Starting,
    /// It is ready, or was once.
    Ready,
    /// It was told to end.
    Ending,
    /// It ended by itself, and is started again soon.
    Between,
    /// It was told to end, has ended, and isn't started until it is told so.
    Away,
}

impl Life {
    /// A process is started.
    pub(super) const fn begun(&mut self) {
        self.state = State::Starting;
        self.killed = false;
    }

    /// A process ended by itself.
    pub(super) fn ended(&mut self, how: String) {
        self.state = State::Between;
        self.deaths += 1;
        self.how = how;
    }

    /// What to say of it.
    pub(super) const fn word(&self) -> &'static str {
        match self.state {
            State::Starting => "starting",
            State::Ready => "ready",
            State::Ending => "draining",
            State::Between => "ended by itself, is started again",
            State::Away => "drained",
        }
    }
}
