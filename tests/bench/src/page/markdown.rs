//! Tables in Markdown.

use std::fmt::Write;

use crate::report::number;

/// A table: a head, and rows of as many cells. All columns but the first are flush right.
pub(super) fn table<H: AsRef<str>>(head: &[H], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "*Not measured in these runs.*\n".to_owned();
    }
    let mut out = String::new();
    for cell in head {
        let _ = write!(out, "| {} ", cell.as_ref());
    }
    out.push_str("|\n| --- ");
    for _ in 1..head.len() {
        out.push_str("| ---: ");
    }
    out.push_str("|\n");
    for row in rows {
        for cell in row {
            let _ = write!(out, "| {cell} ");
        }
        out.push_str("|\n");
    }
    out
}

/// A label that counts something: without digits that a count doesn't have.
pub(super) fn count(n: Option<f64>) -> String {
    match n {
        Some(n) if n.fract() == 0.0 && n < 1_000.0 => format!("{n}"),
        n => maybe(n),
    }
}

/// A number, or a dash.
pub(super) fn maybe(n: Option<f64>) -> String {
    n.map_or_else(|| "–".to_owned(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_no_digits_too_many() {
        assert_eq!(count(Some(4.0)), "4");
        assert_eq!(count(Some(1_000.0)), "1,000");
    }

    #[test]
    fn no_rows_are_said_to_be_none() {
        assert!(table(&["a"], &[]).contains("Not measured"));
        assert_eq!(table(&["a", "b"], &[vec!["1".into(), "2".into()]]).lines().count(), 3);
    }
}
