//! Lines at a terminal, with completion and a history.

use std::{
    borrow::Cow,
    fs,
    io::{self, IsTerminal as _},
    path::PathBuf,
};

use rustyline::{
    Behavior, CompletionType, Context, Helper,
    completion::{Completer, Pair},
    config::Configurer as _,
    error::ReadlineError,
    highlight::{CmdKind, Highlighter},
    hint::Hinter,
    history::FileHistory,
    validate::Validator,
};

use super::{super::colour, complete, history::keeps, vocabulary::Vocabulary};
use crate::config::Config;

/// So many lines are remembered.
const REMEMBERED: usize = 1_000;
/// In the folder of the control sockets, which its owner alone may open.
const FILE: &str = "control/repl.history";
/// Begins and ends what is said beside a line.
const FAINT: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// What came of reading a line.
pub(super) enum Read {
    Line(String),
    /// Ctrl-C: the line is thrown away.
    Cancelled,
    /// Ctrl-D, or the terminal has gone.
    End,
}

/// Reads lines.
pub(super) struct Editor<'k> {
    lines: rustyline::Editor<Known<'k>, FileHistory>,
    prompt: String,
    history: PathBuf,
}

impl<'k> Editor<'k> {
    /// One for this app, with what it remembers.
    ///
    /// # Errors
    /// The terminal can't be used.
    pub(super) fn new(config: &Config, vocabulary: &'k Vocabulary) -> io::Result<Self> {
        let settings = rustyline::Config::builder()
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .behavior(Behavior::Stdio)
            .build();
        let mut lines = rustyline::Editor::with_config(settings).map_err(io::Error::other)?;
        lines.set_max_history_size(REMEMBERED).map_err(io::Error::other)?;
        lines.set_helper(Some(Known {
            vocabulary,
            colour: colour::wanted_if(io::stdout().is_terminal()),
        }));
        let history = config.app.data.join(FILE);
        // Without one, or with one that can't be read, nothing is remembered.
        let _ = lines.load_history(&history);
        Ok(Self { lines, prompt: format!("{}> ", config.app.name), history })
    }

    /// The next line.
    ///
    /// # Errors
    /// The terminal can't be read.
    pub(super) fn read(&mut self) -> io::Result<Read> {
        match self.lines.readline(&self.prompt) {
            Ok(line) => {
                self.remember(&line);
                Ok(Read::Line(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Read::Cancelled),
            Err(ReadlineError::Eof) => Ok(Read::End),
            Err(ReadlineError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Writes it down, as far as that may be: for its owner alone, by what keeps the file.
    fn remember(&mut self, line: &str) {
        let secrets = self.lines.helper().map(|known| known.vocabulary.secrets());
        let keeps = secrets.is_some_and(|secrets| keeps(line, secrets));
        if line.trim().is_empty() || !keeps {
            return;
        }
        let is_new = self.lines.add_history_entry(line).unwrap_or_default();
        let there = self.history.parent().is_some_and(|folder| folder.is_dir());
        if is_new && there && self.lines.append_history(&self.history).is_err() {
            // One that was damaged is begun anew.
            let _ = fs::remove_file(&self.history);
        }
    }
}

/// What completes lines.
struct Known<'k> {
    vocabulary: &'k Vocabulary,
    colour: bool,
}

impl Helper for Known<'_> {}
impl Validator for Known<'_> {}

impl Completer for Known<'_> {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (from, all) = complete::complete(self.vocabulary, &line[..cursor]);
        let pair = |own: complete::Candidate| Pair { display: own.shown, replacement: own.text };
        Ok((from, all.into_iter().map(pair).collect()))
    }
}

impl Hinter for Known<'_> {
    type Hint = String;

    fn hint(&self, line: &str, cursor: usize, _: &Context<'_>) -> Option<String> {
        // Behind the line, or nowhere. Where it isn't faint, it would be taken for the line.
        (self.colour && cursor == line.len()).then(|| complete::hint(self.vocabulary, line))?
    }
}

impl Highlighter for Known<'_> {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        format!("{FAINT}{hint}{PLAIN}").into()
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        false
    }
}
