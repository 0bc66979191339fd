//! What is seen of the rows, and what keys do to that.

use super::{
    super::super::terminal::Key,
    Asked,
    rows::{Row, Sort, arranged},
    show::{COLUMNS, under},
};

/// The keys, at the end of the screen.
const KEYS: &str = "sort: m c f s 5 9 or < >   r: turn   /: filter   space: pause   q: quit";
/// What the longest filter has, in characters.
const LONGEST: usize = 64;

/// How rows are seen.
#[derive(Debug)]
pub(super) struct View {
    app: String,
    /// By name.
    rows: Vec<Row>,
    /// How many processes told of them; nothing before they were asked.
    processes: Option<usize>,
    sort: Sort,
    turned: bool,
    filter: String,
    /// The filter as it was before it was typed anew, while that is done.
    typing: Option<String>,
    paused: bool,
}

impl View {
    pub(super) fn new(app: &str, asked: &Asked) -> Self {
        Self {
            app: app.to_owned(),
            rows: Vec::new(),
            processes: None,
            sort: asked.sort,
            turned: false,
            filter: asked.filter.clone().unwrap_or_default(),
            typing: None,
            paused: false,
        }
    }

    /// Takes what was counted anew, unless it is paused.
    pub(super) fn take(&mut self, rows: Vec<Row>, processes: usize) {
        if !self.paused {
            (self.rows, self.processes) = (rows, Some(processes));
        }
    }

    /// A key; whether it goes on.
    pub(super) fn press(&mut self, key: Key) -> bool {
        if key == Key::Quit {
            return false;
        }
        if let Some(before) = self.typing.take() {
            self.typed(key, before);
            return true;
        }
        match key {
            Key::Char('q') => return false,
            Key::Char('/') => self.typing = Some(self.filter.clone()),
            Key::Char(' ' | 'p') => self.paused = !self.paused,
            Key::Char('r') => self.turned = !self.turned,
            Key::Char('m' | 'n') => self.by(Sort::Name),
            Key::Char('c') => self.by(Sort::Calls),
            Key::Char('f') => self.by(Sort::Failures),
            Key::Char('s') => self.by(Sort::Slow),
            Key::Char('5') => self.by(Sort::P50),
            Key::Char('9') => self.by(Sort::P99),
            Key::Char('<') | Key::Left => self.beside(COLUMNS.len() - 1),
            Key::Char('>') | Key::Right => self.beside(1),
            Key::Escape => self.filter.clear(),
            Key::Char(_) | Key::Enter | Key::Backspace | Key::Redraw | Key::Quit => {}
        }
        true
    }

    fn typed(&mut self, key: Key, before: String) {
        match key {
            Key::Enter => return,
            Key::Escape => {
                self.filter = before;
                return;
            }
            Key::Backspace => {
                self.filter.pop();
            }
            Key::Char(c) if self.filter.chars().count() < LONGEST => self.filter.push(c),
            _ => {}
        }
        self.typing = Some(before);
    }

    fn by(&mut self, sort: Sort) {
        (self.sort, self.turned) = (sort, false);
    }

    /// By the column so many beside.
    fn beside(&mut self, by: usize) {
        let now = COLUMNS.iter().position(|(sort, _)| *sort == self.sort).unwrap_or_default();
        self.by(COLUMNS[(now + by) % COLUMNS.len()].0);
    }

    /// What a terminal of so many columns and lines shows.
    pub(super) fn lines(&self, (width, height): (usize, usize)) -> Vec<String> {
        let rows = arranged(&self.rows, self.sort, self.turned, &self.filter);
        let mut lines = vec![self.title(&rows), String::new()];
        // Title, space, heads, and what stands below.
        let room = height.saturating_sub(5);
        if rows.is_empty() {
            lines.push(self.nothing().to_owned());
        } else {
            let table =
                under(&self.heads().each_ref().map(String::as_str), &rows[..rows.len().min(room)]);
            lines.extend(table.lines().map(str::to_owned));
        }
        if rows.len() > room {
            lines.push(format!("… and {} more", rows.len() - room));
        } else {
            lines.push(String::new());
        }
        lines.push(match self.typing {
            Some(_) => format!("filter: {}_   Enter: take   Esc: leave", self.filter),
            None => KEYS.to_owned(),
        });
        lines.truncate(height.max(1));
        lines.iter().map(|line| line.chars().take(width).collect()).collect()
    }

    fn title(&self, rows: &[Row]) -> String {
        let calls: f64 = rows.iter().map(|row| row.calls_per_s).sum();
        let failures: f64 = rows.iter().map(|row| row.failures_per_s).sum();
        let mut title = format!("{} top", self.app);
        if let Some(processes) = self.processes {
            let word = if processes == 1 { "process" } else { "processes" };
            title += &format!(": {processes} {word}, {calls:.1} calls/s, {failures:.1} failures/s");
        }
        if !self.filter.is_empty() {
            title += &format!(", with `{}`", self.filter);
        }
        if self.paused {
            title += ", PAUSED";
        }
        title
    }

    /// What stands where no row does.
    fn nothing(&self) -> &'static str {
        match self.processes {
            None => "counting for a second …",
            Some(0) => "nothing runs now; waiting for it",
            Some(_) if self.rows.is_empty() => "nothing was called yet",
            Some(_) => "no method has this in its name; Esc takes the filter back",
        }
    }

    /// The heads, of which one says that rows are sorted by it.
    fn heads(&self) -> [String; COLUMNS.len()] {
        // Names go up where numbers go down.
        let down = self.turned == (self.sort == Sort::Name);
        let mark = if down { '▼' } else { '▲' };
        COLUMNS.map(|(sort, head)| match sort == self.sort {
            true => format!("{head}{mark}"),
            false => head.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::rows::{rows, tests::snapshot},
        *,
    };

    fn view() -> View {
        let asked = Asked { once: false, json: false, sort: Sort::Calls, filter: None };
        let mut view = View::new("shop", &asked);
        let before = [snapshot("a", 1, "get", 100), snapshot("b", 1, "place", 10)];
        let now = [snapshot("a", 1, "get", 110), snapshot("b", 1, "place", 30)];
        view.take(rows(&before, &now, 1.0), 2);
        view
    }

    fn press(view: &mut View, keys: &str) -> bool {
        keys.chars().all(|key| {
            view.press(match key {
                '\n' => Key::Enter,
                '\x1b' => Key::Escape,
                '\x7f' => Key::Backspace,
                other => Key::Char(other),
            })
        })
    }

    fn shown(view: &View) -> String {
        view.lines((80, 24)).join("\n")
    }

    #[test]
    fn rows_stand_under_a_title_and_over_the_keys() {
        let expected = "\
shop top: 2 processes, 30.0 calls/s, 0.0 failures/s

METHOD       CALLS/S▼  FAILURES/S  SLOW/S     P50     P99
order.place      20.0         0.0     0.0  64.0us  64.0us
order.get        10.0         0.0     0.0  64.0us  64.0us

sort: m c f s 5 9 or < >   r: turn   /: filter   space: pause   q: quit";
        assert_eq!(shown(&view()), expected);
    }

    #[test]
    fn keys_sort_and_turn() {
        let mut view = view();
        let first =
            |view: &View| view.lines((80, 24))[3].split_whitespace().next().map(str::to_owned);
        for (keys, head, method) in [
            ("m", "METHOD▲", "order.get"),
            ("r", "METHOD▼", "order.place"),
            ("c", "CALLS/S▼", "order.place"),
            ("r", "CALLS/S▲", "order.get"),
            (">", "FAILURES/S▼", "order.get"),
            ("<<", "METHOD▲", "order.get"),
            ("<", "P99▼", "order.get"),
            ("5", "P50▼", "order.get"),
            ("s", "SLOW/S▼", "order.get"),
        ] {
            assert!(press(&mut view, keys));
            assert!(shown(&view).contains(head), "{keys}: {}", shown(&view));
            assert_eq!(first(&view).as_deref(), Some(method), "{keys}");
        }
        assert!(!press(&mut view, "q"));
        assert!(!view.press(Key::Quit));
    }

    #[test]
    fn a_filter_is_typed_and_taken_back() {
        let mut view = view();
        // What is typed is no key for anything else, and seen at once.
        press(&mut view, "/placq\x7f");
        assert!(shown(&view).contains("filter: plac_") && !shown(&view).contains("order.get"));
        press(&mut view, "\n");
        assert!(shown(&view).contains("with `plac`"));
        press(&mut view, "/x\x1b");
        assert!(shown(&view).contains("with `plac`"), "{}", shown(&view));
        press(&mut view, "/x\n");
        assert!(shown(&view).contains("Esc takes the filter back"));
        press(&mut view, "\x1b");
        assert!(shown(&view).contains("order.get") && !shown(&view).contains("with"));
    }

    #[test]
    fn paused_nothing_changes() {
        let mut view = view();
        press(&mut view, " ");
        view.take(Vec::new(), 0);
        assert!(shown(&view).contains("order.place") && shown(&view).contains("PAUSED"));
        press(&mut view, " ");
        view.take(Vec::new(), 0);
        assert!(shown(&view).contains("nothing runs now"));
    }

    #[test]
    fn a_small_terminal_is_enough() {
        let view = view();
        for size in [(1, 1), (10, 3), (30, 6)] {
            let lines = view.lines(size);
            assert!(
                lines.len() <= size.1 && lines.iter().all(|line| line.chars().count() <= size.0)
            );
        }
        assert!(view.lines((80, 6)).contains(&"… and 1 more".to_owned()));
    }
}
