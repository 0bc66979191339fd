//! The tables of a page, by name.

use anyhow::bail;

use super::markdown::{self, count, maybe};
use super::rows::{Row, Rows};
use crate::report::{BESIDE_SLOW, number};

/// The table of that name.
pub(super) fn table(name: &str, rows: &Rows) -> anyhow::Result<String> {
    Ok(match name {
        "local" => local(rows),
        "remote-pinned" => remote(rows, true),
        "remote-unpinned" => remote(rows, false),
        "slow" => slow(rows),
        "edge" => edge(rows),
        "boutique" => boutique(rows),
        "cores" => over(rows, "cores", &["threads", "contender", "turn", "actors"]),
        "actors" => over(rows, "actors", &["actors", "turn"]),
        "payload" => over(rows, "payload", &["payload", "kind", "route"]),
        "connections" => over(rows, "connections", &["connections", "busy"]),
        "memory" => memory(rows),
        "spread" => spread(rows),
        other => bail!("there is no table `{other}`"),
    })
}

fn of<'a>(rows: &'a Rows, bench: &str) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| row.text("bench") == Some(bench))
}

fn contender(row: &Row) -> String {
    let name = format!("`{}`", row.text("contender").unwrap_or_default());
    match row.text("turn") {
        Some(turn) => format!("{name}, {turn}"),
        None => name,
    }
}

/// How many calls of a peer fit in the time of one of this row's.
fn times(row: &Row, peer: &str) -> String {
    maybe(row.ratio("ratio", peer))
}

fn local(rows: &Rows) -> String {
    let line = |row: &Row| {
        let cell = format!("{} on {}", count(row.number("callers")), count(row.number("threads")));
        vec![
            format!("{cell}: {}", contender(row)),
            maybe(row.median("ns_per_call")),
            maybe(row.median("calls_per_s")),
            maybe(row.median("cpu_us_per_call").map(|us| us * 1e3)),
            times(row, "plain"),
            times(row, "actix-same"),
            times(row, "actix-other"),
            times(row, "kameo"),
        ]
    };
    let price = of(rows, "local").filter(|row| row.text("message") == Some("price"));
    let lines: Vec<_> = price.map(line).collect();
    let head = [
        "callers on threads",
        "ns per call",
        "calls/s",
        "CPU ns",
        "÷ plain",
        "÷ actix-same",
        "÷ actix-other",
        "÷ kameo",
    ];
    markdown::table(&head, &lines)
}

fn remote(rows: &Rows, pinned: bool) -> String {
    let wanted = of(rows, "remote").filter(|row| row.is("pinned", &pinned.into()));
    let wanted = wanted.filter(|row| row.text("message") != Some(BESIDE_SLOW));
    in_flight(wanted, ["calls/s", "CPU µs"], &["raw", "tonic", "tarpc", "http-json"])
}

fn edge(rows: &Rows) -> String {
    in_flight(of(rows, "edge"), ["requests/s", "server's CPU µs"], &["actix-web"])
}

/// Cells that differ by what is in flight; `names` are those of calls per second and of CPU time.
fn in_flight<'a>(rows: impl Iterator<Item = &'a Row>, names: [&str; 2], peers: &[&str]) -> String {
    let line = |row: &Row| {
        let mut cells = vec![
            format!("{} in flight: {}", count(row.number("in_flight")), contender(row)),
            maybe(row.median("calls_per_s")),
            maybe(row.median("p50_us")),
            maybe(row.median("p99_us")),
            maybe(row.median("cpu_us_per_call")),
        ];
        cells.extend(peers.iter().map(|peer| times(row, peer)));
        cells
    };
    let [calls, cpu] = names;
    let mut head = ["", calls, "p50 µs", "p99 µs", cpu].map(str::to_owned).to_vec();
    head.extend(peers.iter().map(|peer| format!("÷ {peer}")));
    markdown::table(&head, &rows.map(line).collect::<Vec<_>>())
}

/// What a slow call does to those beside it on their connection.
fn slow(rows: &Rows) -> String {
    let line = |row: &Row| {
        let name = row.text("contender")?;
        let without = of(rows, "remote").find(|other| {
            let same = ["contender", "in_flight", "pinned"];
            other.text("message") == Some("price")
                && same.iter().all(|label| other.same(label, row))
        })?;
        Some(vec![
            contender(row),
            maybe(without.median("p50_us")),
            maybe(row.median("p50_us")),
            maybe(row.ratio("ratio_p50", name)),
            maybe(without.median("p99_us")),
            maybe(row.median("p99_us")),
            maybe(row.ratio("ratio_p99", name)),
        ])
    };
    let beside = of(rows, "remote").filter(|row| row.text("message") == Some(BESIDE_SLOW));
    let head = ["", "p50 µs without", "with", "÷", "p99 µs without", "with", "÷"];
    markdown::table(&head, &beside.filter_map(line).collect::<Vec<_>>())
}

fn boutique(rows: &Rows) -> String {
    let line = |row: &Row| {
        let units = row.number("units").map_or_else(String::new, |n| format!(", {n} processes"));
        vec![
            format!("{}{units}", contender(row)),
            count(row.number("offered_per_s")),
            maybe(row.median("cpu_us_per_call")),
            maybe(row.median("front_cpu_us_per_call")),
            maybe(row.median("p50_us")),
            maybe(row.median("p99_us")),
            maybe(row.ratio("ratio_cpu", "tonic").map(|r| 1.0 / r)),
            maybe(row.ratio("ratio_p50", "tonic").map(|r| 1.0 / r)),
        ]
    };
    let lines: Vec<_> = of(rows, "boutique").map(line).collect();
    let head = [
        "",
        "offered/s",
        "CPU µs per request",
        "front's CPU µs",
        "p50 µs",
        "p99 µs",
        "× less CPU than tonic",
        "× less latency",
    ];
    let offered = of(rows, "boutique").find_map(offered).unwrap_or_default();
    markdown::table(&head, &lines) + &offered
}

/// What the boutique's load follows from.
fn offered(row: &Row) -> Option<String> {
    let [median, min, max] = ["median", "min", "max"].map(|of| row.part("tonic_takes_per_s", of));
    Some(format!(
        "\nOffered is half of what tonic took here: {} requests/s ({} to {}).\n",
        number(median?),
        number(min?),
        number(max?)
    ))
}

/// A curve's points.
fn over(rows: &Rows, series: &str, labels: &[&str]) -> String {
    let wanted: Vec<_> =
        of(rows, "scale").filter(|row| row.text("series") == Some(series)).collect();
    let label = |row: &Row, label: &str| {
        let text = row.text(label).map(str::to_owned);
        text.unwrap_or_else(|| count(row.number(label)))
    };
    let line = |row: &&Row| {
        let mut cells: Vec<_> = labels.iter().map(|name| label(row, name)).collect();
        cells.push(maybe(row.median("calls_per_s")));
        cells.push(maybe(row.median("ns_per_call")));
        cells.push(maybe(row.median("p99_us")));
        cells.push(maybe(row.median("cpu_us_per_call")));
        cells
    };
    let lines: Vec<_> = wanted.iter().map(line).collect();
    let names = labels.iter().map(|label| if *label == "threads" { "cores" } else { label });
    let head: Vec<_> = names.chain(["calls/s", "ns per call", "p99 µs", "CPU µs"]).collect();
    markdown::table(&head, &lines)
}

fn memory(rows: &Rows) -> String {
    let line = |row: &Row| {
        let side = row.text("side").map_or_else(String::new, |side| format!(", {side}'s side"));
        Some(vec![
            format!("an idle {}{side}", row.text("series")?),
            number(row.median("bytes_each")?),
            maybe(row.median("rss_kib")),
        ])
    };
    let lines: Vec<_> = of(rows, "scale").filter_map(line).collect();
    markdown::table(&["", "bytes each", "KiB with 1,010 of them"], &lines)
}

/// How quiet the machine was: how far rounds lie apart.
fn spread(rows: &Rows) -> String {
    let mut lines = Vec::new();
    for bench in ["local", "remote", "edge", "boutique", "scale"] {
        let figure = if bench == "boutique" { "cpu_us_per_call" } else { "calls_per_s" };
        let mut all: Vec<f64> = of(rows, bench).filter_map(|row| row.spread(figure)).collect();
        all.sort_by(f64::total_cmp);
        if let (Some(middle), Some(most)) = (all.get(all.len() / 2), all.last()) {
            let percent = |share: f64| format!("±{:.0} %", share * 100.0);
            lines.push(vec![bench.to_owned(), percent(*middle), percent(*most)]);
        }
    }
    markdown::table(&["rounds lie apart", "in the middle row", "in the worst"], &lines)
}
