//! A line chart as SVG text. Colours come from a style sheet that follows the reader's theme; the
//! ground is drawn too, for the page around it may follow another.

use std::fmt::Write;

use super::axis::{Axis, Scale, short};

/// A picture with several lines.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) x: Label,
    pub(super) y: Label,
    pub(super) lines: Vec<Line>,
}

/// What an axis counts.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) text: &'static str,
    pub(super) scale: Scale,
    /// How a mark is written.
    pub(super) show: fn(f64) -> String,
}

impl Label {
    pub(super) const fn new(text: &'static str, scale: Scale) -> Self {
        Self { text, scale, show: short }
    }

    fn words(&self) -> String {
        match self.scale {
            Scale::Linear => self.text.to_owned(),
            Scale::Log => format!("{} (log scale)", self.text),
        }
    }
}

/// One line: a name, and points in the order of their x.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

impl Chart {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.points.is_empty())
    }

    fn all(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        self.lines.iter().flat_map(|line| line.points.iter().copied())
    }
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 210.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 56.0;
/// Names at the lines' ends are at least so far apart.
const APART: f64 = 17.0;

/// Told apart by people who don't see all colours (Okabe and Ito), darker on light pages.
const STYLE: &str = "\
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
text.title { font-size: 15px; font-weight: 600; }
.ground { fill: #ffffff; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.line { fill: none; stroke-width: 2.2; }
.line.l0 { stroke: #0072b2; } .fill.l0 { fill: #0072b2; }
.line.l1 { stroke: #b34d00; } .fill.l1 { fill: #b34d00; }
.line.l2 { stroke: #00795a; } .fill.l2 { fill: #00795a; }
.line.l3 { stroke: #a4447f; } .fill.l3 { fill: #a4447f; }
.line.l4 { stroke: #6e6e6e; } .fill.l4 { fill: #6e6e6e; }
.line.l5 { stroke: #8a6d00; } .fill.l5 { fill: #8a6d00; }
@media (prefers-color-scheme: dark) {
text { fill: #d1d7e0; }
.ground { fill: #0d1117; }
.grid { stroke: #3d444d; }
.line.l0 { stroke: #56b4e9; } .fill.l0 { fill: #56b4e9; }
.line.l1 { stroke: #f0883e; } .fill.l1 { fill: #f0883e; }
.line.l2 { stroke: #2ec29a; } .fill.l2 { fill: #2ec29a; }
.line.l3 { stroke: #e39ac8; } .fill.l3 { fill: #e39ac8; }
.line.l4 { stroke: #a8a8a8; } .fill.l4 { fill: #a8a8a8; }
.line.l5 { stroke: #e0c341; } .fill.l5 { fill: #e0c341; }
}
</style>
";

/// The chart as a file's contents.
pub(super) fn draw(chart: &Chart) -> String {
    let mut out = String::new();
    // Writing to a string doesn't fail.
    let _ = write(chart, &mut out);
    out
}

fn write(chart: &Chart, out: &mut String) -> std::fmt::Result {
    let xs = Axis::between(chart.x.scale, chart.all().map(|(x, _)| x));
    let ys = Axis::over(chart.y.scale, chart.all().map(|(_, y)| y));
    let x_at = |x: f64| LEFT + xs.place(x) * (WIDTH - LEFT - RIGHT);
    let y_at = |y: f64| HEIGHT - BOTTOM - ys.place(y) * (HEIGHT - TOP - BOTTOM);
    let (right, floor) = (WIDTH - RIGHT, HEIGHT - BOTTOM);

    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">"
    )?;
    out.push_str(STYLE);
    writeln!(
        out,
        "<title>{0}</title><rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\
         <text class=\"title\" x=\"12\" y=\"24\">{0}</text>",
        chart.title
    )?;

    for mark in ys.marks() {
        let y = y_at(mark);
        writeln!(out, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>")?;
        let (x, y, text) = (LEFT - 8.0, y + 4.0, (chart.y.show)(mark));
        writeln!(out, "<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{text}</text>")?;
    }
    let mut marks: Vec<f64> = chart.all().map(|(x, _)| x).collect();
    marks.sort_by(f64::total_cmp);
    marks.dedup();
    for mark in marks {
        let (x, text) = (x_at(mark), (chart.x.show)(mark));
        writeln!(out, "<path class=\"grid\" d=\"M{x:.1} {floor}v5\"/>")?;
        let y = floor + 20.0;
        writeln!(out, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>")?;
    }
    let (middle, foot) = (f64::midpoint(LEFT, right), HEIGHT - 14.0);
    writeln!(
        out,
        "<text x=\"{middle}\" y=\"{foot}\" text-anchor=\"middle\">{}</text>",
        chart.x.words()
    )?;
    let up = f64::midpoint(TOP, floor);
    writeln!(
        out,
        "<text transform=\"translate(16 {up}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        chart.y.words()
    )?;

    let mut names = Vec::new();
    for (number, line) in chart.lines.iter().enumerate().filter(|(_, line)| !line.points.is_empty())
    {
        let class = format!("l{}", number % 6);
        let mut path = String::new();
        for (at, &(x, y)) in line.points.iter().enumerate() {
            write!(path, "{}{:.1} {:.1}", if at == 0 { "M" } else { "L" }, x_at(x), y_at(y))?;
        }
        writeln!(out, "<path class=\"line {class}\" d=\"{path}\"/>")?;
        for &(x, y) in &line.points {
            let (cx, cy) = (x_at(x), y_at(y));
            writeln!(
                out,
                "<circle class=\"fill {class}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3.2\"/>"
            )?;
        }
        names.extend(line.points.last().map(|&(_, y)| (y_at(y) + 4.0, class, &line.name)));
    }
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = TOP;
    let room = names.len() as f64 * APART;
    for (number, (y, class, name)) in names.into_iter().enumerate() {
        let latest = floor + APART - room + number as f64 * APART;
        let y = y.min(latest).max(free);
        free = y + APART;
        let x = right + 10.0;
        writeln!(out, "<text class=\"fill {class}\" x=\"{x}\" y=\"{y:.1}\">{name}</text>")?;
    }
    out.push_str("</svg>\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_drawn_and_named() {
        let line = |name: &str, points: &[(f64, f64)]| Line {
            name: name.to_owned(),
            points: points.to_vec(),
        };
        let chart = Chart {
            title: "calls",
            x: Label::new("cores", Scale::Linear),
            y: Label::new("calls/s", Scale::Linear),
            lines: vec![line("a", &[(1.0, 5.0), (2.0, 9.0)]), line("b", &[(1.0, 5.0)])],
        };
        let text = draw(&chart);
        assert_eq!(text.matches("<path class=\"line ").count(), 2);
        assert_eq!(text.matches("<circle").count(), 3);
        assert!(text.contains(">a</text>") && text.contains(">b</text>"));
        assert!(!text.contains("NaN"));
    }
}
