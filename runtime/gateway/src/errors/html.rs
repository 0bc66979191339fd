//! A plain page of HTML, whose every text is escaped.

/// A page that is being written.
pub(super) struct Page(String);

impl Page {
    pub(super) fn new(title: &str) -> Self {
        let title = escaped(title);
        Self(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>body{{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}}\
             td,th,dt{{text-align:left;vertical-align:top;padding-right:1em}}dt{{font-weight:bold}}\
             </style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        ))
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.element("h2", text);
    }

    /// A text's paragraphs, which blank lines part.
    pub(super) fn text(&mut self, text: &str) {
        for paragraph in paragraphs(text) {
            self.element("p", &paragraph);
        }
    }

    /// Names and what they are.
    pub(super) fn facts(&mut self, facts: &[(&str, &str)]) {
        self.0.push_str("<dl>\n");
        for (name, value) in facts {
            self.element("dt", name);
            self.element("dd", value);
        }
        self.0.push_str("</dl>\n");
    }

    pub(super) fn table(&mut self, columns: &[&str]) {
        self.0.push_str("<table>\n<tr>");
        for column in columns {
            self.element("th", column);
        }
        self.0.push_str("</tr>\n");
    }

    /// A row that begins with a code, which is a link to its page.
    pub(super) fn row(&mut self, code: &str, cells: &[&str]) {
        self.0.push_str("<tr><td>");
        self.link(&format!("{}/{code}", super::PATH), code);
        self.0.push_str("</td>");
        self.cells(cells);
    }

    pub(super) fn row_of_text(&mut self, cells: &[&str]) {
        self.0.push_str("<tr>");
        self.cells(cells);
    }

    fn cells(&mut self, cells: &[&str]) {
        for cell in cells {
            self.element("td", cell);
        }
        self.0.push_str("</tr>\n");
    }

    pub(super) fn end_table(&mut self) {
        self.0.push_str("</table>\n");
    }

    pub(super) fn link(&mut self, to: &str, text: &str) {
        let (to, text) = (escaped(to), escaped(text));
        self.0.push_str(&format!("<a href=\"{to}\">{text}</a>"));
    }

    pub(super) fn end(mut self) -> String {
        self.0.push_str("\n</body>\n</html>\n");
        self.0
    }

    fn element(&mut self, name: &str, text: &str) {
        let text = escaped(text);
        self.0.push_str(&format!("<{name}>{text}</{name}>\n"));
    }
}

/// The paragraphs of a text, a line each.
pub(super) fn paragraphs(text: &str) -> impl Iterator<Item = String> {
    let mut lines = text.lines().map(str::trim);
    std::iter::from_fn(move || {
        let first = lines.find(|line| !line.is_empty())?;
        let rest = lines.by_ref().take_while(|line| !line.is_empty());
        Some(std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" "))
    })
}

/// A text, for an element or an attribute in quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
