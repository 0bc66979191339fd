//! Rows as a table.

use super::{
    super::super::status::{latency, table, trimmed},
    rows::{Row, Sort},
};

/// The columns, each with its head.
pub(super) const COLUMNS: [(Sort, &str); 6] = [
    (Sort::Name, "METHOD"),
    (Sort::Calls, "CALLS/S"),
    (Sort::Failures, "FAILURES/S"),
    (Sort::Slow, "SLOW/S"),
    (Sort::P50, "P50"),
    (Sort::P99, "P99"),
];

/// As it is printed.
pub(super) fn text(rows: &[Row]) -> String {
    match rows {
        [] => "nothing was called yet".into(),
        rows => under(&COLUMNS.map(|(_, head)| head), rows),
    }
}

/// Rows under these heads.
pub(super) fn under(heads: &[&str], rows: &[Row]) -> String {
    let mut all = table(heads, &[1, 2, 3, 4, 5]);
    for row in rows {
        let time = |us: f64| if us > 0.0 { latency(us) } else { "-".into() };
        all.add_row([
            row.name(),
            format!("{:.1}", row.calls_per_s),
            format!("{:.1}", row.failures_per_s),
            format!("{:.1}", row.slow_per_s),
            time(row.p50_us),
            time(row.p99_us),
        ]);
    }
    trimmed(&all)
}

#[cfg(test)]
mod tests {
    use super::{
        super::rows::{rows, tests::snapshot},
        *,
    };

    #[test]
    fn rows_are_a_table() {
        let before = [snapshot("a", 1, "get", 100)];
        let expected = "\
METHOD     CALLS/S  FAILURES/S  SLOW/S     P50     P99
order.get      5.0         0.0     0.0  64.0us  64.0us";
        assert_eq!(text(&rows(&before, &[snapshot("a", 1, "get", 110)], 2.0)), expected);
        assert_eq!(text(&[]), "nothing was called yet");
    }
}
