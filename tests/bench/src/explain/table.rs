//! The costs as a table that a person reads.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};

use super::costs::Cost;
use super::layers::Layer;

/// One kind of call: what its layers cost, per call.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) costs: BTreeMap<Layer, Cost>,
}

/// Layers in the order in which a call comes to them, then their sums.
pub(super) fn table(columns: &[Column]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    let mut head = vec![bold("layer")];
    for column in columns {
        head.extend([bold(column.name), bold("share")]);
    }
    table.set_header(head);

    let layers: BTreeSet<&Layer> = columns.iter().flat_map(|column| column.costs.keys()).collect();
    for layer in layers {
        let name = Cell::new(layer.name());
        let mut row = vec![if layer.is_work() { name.fg(Color::DarkGrey) } else { name }];
        for column in columns {
            let cost = column.costs.get(layer).copied().unwrap_or_default();
            row.extend([right(written(cost)), right(share(cost, sum(column, |_| true)))]);
        }
        table.add_row(row);
    }
    for (what, counts) in SUMS {
        let mut row = vec![bold(what)];
        for column in columns {
            let cost = sum(column, counts);
            let whole = sum(column, |_| true);
            row.extend([right(written(cost)), right(share(cost, whole))]);
        }
        table.add_row(row.into_iter().map(|cell| cell.add_attribute(Attribute::Bold)));
    }
    table
}

type Counts = fn(&Layer) -> bool;

const SUMS: [(&str, Counts); 2] =
    [("seam's part", |layer| !layer.is_work()), ("the call as a whole", |_| true)];

fn sum(column: &Column, counts: impl Fn(&Layer) -> bool) -> Cost {
    let costs = column.costs.iter().filter(|(layer, _)| counts(layer)).map(|(_, cost)| *cost);
    costs.fold(Cost::default(), |all, cost| all + cost)
}

/// `38 (1)`: instructions, and those of them that lock memory.
fn written(cost: Cost) -> String {
    let locking = match cost.locking {
        none if none < 0.05 => String::new(),
        some if (some - some.round()).abs() < 0.05 => format!(" ({some:.0})"),
        some => format!(" ({some:.1})"),
    };
    match cost.instructions {
        none if none < 0.5 => "–".to_owned(),
        some => format!("{some:.0}{locking}"),
    }
}

fn share(cost: Cost, whole: Cost) -> String {
    let share = cost.instructions / whole.instructions * 100.0;
    if cost.instructions < 0.5 { String::new() } else { format!("{share:.1} %") }
}

fn bold(text: &str) -> Cell {
    Cell::new(text).add_attribute(Attribute::Bold)
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_stand_in_their_order_and_add_up() {
        let cost = |instructions, locking| Cost { instructions, locking };
        let costs = BTreeMap::from([
            (Layer::Handler, cost(100.0, 0.0)),
            (Layer::Admission, cost(40.0, 2.0)),
            (Layer::Clock, cost(60.4, 0.5)),
        ]);
        let column = Column { name: "shared", costs };
        let text = table(&[column]).to_string();
        let lines: Vec<&str> = text.lines().collect();
        let line = |what: &str| lines.iter().position(|line| line.contains(what)).unwrap();
        assert!(line("clock") < line("admission") && line("admission") < line("handler"));
        assert!(lines[line("clock")].contains("60 (0.5)"), "{text}");
        assert!(lines[line("admission")].contains("20.0 %"), "{text}");
        assert!(lines[line("seam's part")].contains("100 (2.5)"), "{text}");
        assert!(lines[line("whole")].contains("200 (2.5)"), "{text}");
    }
}
