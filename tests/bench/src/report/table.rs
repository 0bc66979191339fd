//! The table that a person reads.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::iter;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

use super::figure::Figure;
use super::number::number;
use super::row::{BESIDE_SLOW, Row};

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
    let (figures, ratios) = (figures(rows), ratios(rows));
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    let names = figures.iter().map(|column| column.name.to_owned());
    let head =
        iter::once("contender".to_owned()).chain(names).chain(ratios.iter().map(Ratio::name));
    table.set_header(head.map(|word| Cell::new(word).add_attribute(Attribute::Bold)));
    for row in rows {
        let ours = row.labels.contender.starts_with("seam");
        let mut cells = vec![who(row, ours)];
        cells.extend(figures.iter().map(|column| figure((column.of)(row))));
        cells.extend(ratios.iter().map(|ratio| {
            let cell = Cell::new(ratio.text(row)).set_alignment(CellAlignment::Right);
            if ours { cell.fg(Color::Green) } else { cell }
        }));
        table.add_row(cells);
    }
    table
}

/// A column of figures.
struct Column {
    name: &'static str,
    of: fn(&Row) -> Option<Figure>,
}

/// What every bench has, and what this one has besides.
fn figures(rows: &[Row]) -> Vec<Column> {
    let column = |name, of| Column { name, of };
    let mut columns = vec![
        column("calls/s", |row| row.figures.calls_per_s),
        column("ns/call", |row| row.figures.ns_per_call),
        column("p50 µs", |row| row.figures.p50_us),
        column("p99 µs", |row| row.figures.p99_us),
        column("CPU µs", |row| row.figures.cpu_us_per_call),
        column("MiB", |row| Some(row.figures.rss_kib?.times(1.0 / 1024.0))),
    ];
    let more = [
        column("bytes each", |row| row.figures.bytes_each),
        column("front CPU µs", |row| row.figures.front_cpu_us_per_call),
    ];
    columns.extend(more.into_iter().filter(|more| rows.iter().any(|row| (more.of)(row).is_some())));
    columns
}

/// A column of ratios.
struct Ratio {
    name: &'static str,
    of: fn(&Row) -> &BTreeMap<String, f64>,
    to: Peer,
}

/// Whom a row is compared with.
#[derive(Clone)]
enum Peer {
    Named(String),
    /// Itself, without a slow call beside it.
    Itself,
}

impl Ratio {
    fn name(&self) -> String {
        match &self.to {
            Peer::Named(peer) => format!("{} ÷ {peer}", self.name),
            Peer::Itself => format!("{} ÷ without", self.name),
        }
    }

    fn text(&self, row: &Row) -> String {
        let peer = match &self.to {
            Peer::Named(peer) => peer,
            Peer::Itself => &row.labels.contender,
        };
        (self.of)(row).get(peer).map_or_else(String::new, |&r| number(r))
    }
}

/// Which ratios are shown, and to whom: against everybody, no terminal is wide enough. The JSON file
/// has them all. Calls/s say nothing where all get the same load.
fn ratios(rows: &[Row]) -> Vec<Ratio> {
    let ratio = |name, of, to: &Peer| Ratio { name, of, to: to.clone() };
    if rows.iter().any(|row| row.labels.message == Some(BESIDE_SLOW)) {
        let itself = &Peer::Itself;
        return vec![
            ratio("p50", |row| &row.ratio_p50, itself),
            ratio("p99", |row| &row.ratio_p99, itself),
        ];
    }
    let preferred = ["row", "seam", "raw", "plain", "actix-web", "tonic"];
    let there = |name: &&str| rows.iter().any(|row| row.labels.peer() == *name);
    let Some(peer) = preferred.into_iter().find(there) else { return Vec::new() };
    let peer = &Peer::Named(peer.to_owned());
    let cpu = ratio("CPU", |row| &row.ratio_cpu, peer);
    if rows.iter().any(|row| row.labels.offered_per_s.is_some()) {
        vec![cpu, ratio("p50", |row| &row.ratio_p50, peer)]
    } else {
        vec![ratio("calls/s", |row| &row.ratio, peer), cpu]
    }
}

fn who(row: &Row, ours: bool) -> Cell {
    let cell = Cell::new(row.labels.who());
    if ours { cell.fg(Color::Green).add_attribute(Attribute::Bold) } else { cell }
}

/// The median, and how far the rounds lie apart where they do.
fn figure(figure: Option<Figure>) -> Cell {
    let text = figure.map_or_else(
        || "–".to_owned(),
        |f| {
            let spread = (f.max - f.min) / 2.0 / f.median * 100.0;
            let apart = if spread >= 5.0 { format!(" ±{spread:.0}%") } else { String::new() };
            number(f.median) + &apart
        },
    );
    Cell::new(text).set_alignment(CellAlignment::Right)
}
