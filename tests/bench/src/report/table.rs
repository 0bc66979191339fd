//! The table that a person reads.

use std::collections::BTreeMap;
use std::io::{self, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

use super::figure::Figure;
use super::row::Row;

/// Prints one table per cell, its contenders in the order of their entry, seam's in bold.
pub(crate) fn print(rows: &[Row]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let title = first.labels.cell();
        let end = rest.iter().take_while(|row| row.labels.cell() == title).count();
        let (cell, others) = rest.split_at(end);
        writeln!(out, "\n{title}\n{}", table(cell))?;
        rest = others;
    }
    out.flush()
}

fn table(rows: &[Row]) -> Table {
    let front = rows.iter().any(|row| row.figures.front_cpu_us_per_call.is_some());
    let compared = compared(rows);
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);

    let memory = rows.iter().any(|row| row.figures.bytes_each.is_some());
    let mut head: Vec<String> =
        ["contender", "calls/s", "ns/call", "p50 µs", "p99 µs", "CPU µs", "MiB"]
            .map(str::to_owned)
            .into();
    head.extend(memory.then(|| "bytes each".to_owned()));
    head.extend(front.then(|| "front CPU µs".to_owned()));
    let ratios = ratios(rows);
    for (figure, _) in &ratios {
        head.extend(compared.iter().map(|peer| format!("{figure} ÷ {peer}")));
    }
    table.set_header(head.iter().map(|word| Cell::new(word).add_attribute(Attribute::Bold)));

    for row in rows {
        let ours = is_ours(row);
        let f = &row.figures;
        let mut cells = vec![who(row, ours)];
        cells.push(number(f.calls_per_s, thousands));
        cells.push(number(f.ns_per_call, thousands));
        cells.push(number(f.p50_us, micros));
        cells.push(number(f.p99_us, micros));
        cells.push(number(f.cpu_us_per_call, micros));
        cells.push(number(f.rss_kib, |kib| format!("{:.1}", kib / 1024.0)));
        if memory {
            cells.push(number(f.bytes_each, thousands));
        }
        if front {
            cells.push(number(f.front_cpu_us_per_call, micros));
        }
        for (_, of) in &ratios {
            if let Some(peer) = &compared {
                let text = of(row).get(peer).map_or_else(String::new, |&r| ratio(r));
                let cell = Cell::new(text).set_alignment(CellAlignment::Right);
                cells.push(if ours { cell.fg(Color::Green) } else { cell });
            }
        }
        table.add_row(cells);
    }
    table
}

type Ratios = fn(&Row) -> &BTreeMap<String, f64>;

/// Which ratios are shown: calls/s say nothing where all get the same load.
fn ratios(rows: &[Row]) -> [(&'static str, Ratios); 2] {
    if rows.iter().any(|row| row.labels.offered_per_s.is_some()) {
        [("CPU", |row| &row.ratio_cpu), ("p50", |row| &row.ratio_p50)]
    } else {
        [("calls/s", |row| &row.ratio), ("CPU", |row| &row.ratio_cpu)]
    }
}

/// Whom the ratios shown are to: against everybody, no terminal is wide enough. The JSON file has
/// them all.
fn compared(rows: &[Row]) -> Option<String> {
    let preferred = ["seam", "raw", "plain", "actix-web", "tonic"];
    let there = |name: &str| rows.iter().any(|row| row.labels.peer() == name);
    preferred.into_iter().find(|name| there(name)).map(str::to_owned)
}

fn is_ours(row: &Row) -> bool {
    row.labels.contender.starts_with("seam")
}

fn who(row: &Row, ours: bool) -> Cell {
    let cell = Cell::new(row.labels.who());
    if ours { cell.fg(Color::Green).add_attribute(Attribute::Bold) } else { cell }
}

/// The median, and how far the rounds lie apart where they do.
fn number(figure: Option<Figure>, show: impl Fn(f64) -> String) -> Cell {
    let text = figure.map_or_else(
        || "–".to_owned(),
        |f| {
            let spread = (f.max - f.min) / 2.0 / f.median * 100.0;
            if spread >= 5.0 {
                format!("{} ±{spread:.0}%", show(f.median))
            } else {
                show(f.median)
            }
        },
    );
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn micros(us: f64) -> String {
    match us {
        us if us < 10.0 => format!("{us:.2}"),
        us if us < 100.0 => format!("{us:.1}"),
        us => thousands(us),
    }
}

fn ratio(r: f64) -> String {
    match r {
        r if r < 0.1 => format!("{r:.3}"),
        r if r < 10.0 => format!("{r:.2}"),
        r => format!("{r:.1}"),
    }
}

fn thousands(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(1_234_567.4), "1,234,567");
    }
}
