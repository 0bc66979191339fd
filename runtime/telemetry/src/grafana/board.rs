//! A board, and how it becomes the JSON that Grafana imports.

use serde_json::{Value as Json, json};

/// A board.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// Its name in files and URLs: `overview`.
    pub name: &'static str,
    /// What stands above it.
    pub title: &'static str,
    /// What it can be narrowed to beside the app: the metric and its label that has the values.
    pub narrowed: Option<(&'static str, &'static str)>,
    /// From left to right and top to bottom.
    pub panels: &'static [Panel],
}

/// A part of a board.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// What stands above it.
    pub title: &'static str,
    /// What it says, in a sentence.
    pub about: &'static str,
    /// How it is drawn.
    pub kind: Kind,
    /// The unit of its values, as Grafana calls it: `reqps`, `s`, `percentunit`, `bytes`, `short`.
    pub unit: &'static str,
    /// What is drawn.
    pub queries: &'static [Query],
}

/// How a panel is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lines over time.
    Lines,
    /// A number, as it is now.
    Number,
}

/// What is drawn: PromQL, in which `$job` is the app and `$narrowed` what the board is narrowed to, and
/// what its lines are called.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// PromQL.
    pub expr: &'static str,
    /// With labels in double braces.
    pub legend: &'static str,
}

/// How many columns a board has, and how many rows a panel.
const COLUMNS: usize = 24;
const ROWS: usize = 8;

impl Board {
    /// As Grafana imports it.
    pub fn json(&self) -> Json {
        let source = json!({ "type": "prometheus", "uid": "${datasource}" });
        let (mut x, mut y, mut panels) = (0, 0, Vec::new());
        for (at, panel) in self.panels.iter().enumerate() {
            let (width, height) = panel.kind.size();
            if x + width > COLUMNS {
                (x, y) = (0, y + ROWS);
            }
            let mut drawn = panel.json(&source);
            drawn["id"] = json!(at + 1);
            drawn["gridPos"] = json!({ "x": x, "y": y, "w": width, "h": height });
            panels.push(drawn);
            x += width;
        }
        json!({
            "uid": format!("seam-{}", self.name),
            "title": format!("seam: {}", self.title),
            "tags": ["seam"],
            "schemaVersion": 39,
            "refresh": "10s",
            "time": { "from": "now-1h", "to": "now" },
            "templating": { "list": self.variables(&source) },
            "links": [{ "type": "dashboards", "tags": ["seam"], "title": "seam", "keepTime": true }],
            "panels": panels,
        })
    }

    fn variables(&self, source: &Json) -> Vec<Json> {
        let datasource =
            json!({ "name": "datasource", "type": "datasource", "query": "prometheus" });
        let job = variable("job", "App", "label_values(seam_unit_ready, job)", source);
        let narrowed = self.narrowed.map(|(metric, label)| {
            let query = format!("label_values({metric}{{job=~\"$job\"}}, {label})");
            variable("narrowed", label, &query, source)
        });
        [datasource, job].into_iter().chain(narrowed).collect()
    }
}

fn variable(name: &str, label: &str, query: &str, source: &Json) -> Json {
    json!({
        "name": name,
        "label": label,
        "type": "query",
        "datasource": source,
        "query": query,
        "refresh": 2,
        "sort": 1,
        "multi": true,
        "includeAll": true,
        "allValue": ".*",
        "current": { "text": "All", "value": "$__all" },
    })
}

impl Panel {
    fn json(&self, source: &Json) -> Json {
        let target = |(at, query): (usize, &Query)| {
            json!({
                "refId": char::from(b'A' + u8::try_from(at % 26).unwrap_or_default()),
                "datasource": source,
                "expr": query.expr,
                "legendFormat": query.legend,
                "exemplar": query.expr.contains("_bucket"),
            })
        };
        json!({
            "title": self.title,
            "description": self.about,
            "type": match self.kind { Kind::Lines => "timeseries", Kind::Number => "stat" },
            "datasource": source,
            "fieldConfig": {
                "defaults": { "unit": self.unit, "min": 0 },
                "overrides": [],
            },
            "targets": self.queries.iter().enumerate().map(target).collect::<Vec<_>>(),
        })
    }
}

impl Kind {
    /// Columns and rows.
    const fn size(self) -> (usize, usize) {
        match self {
            Self::Lines => (12, ROWS),
            Self::Number => (6, ROWS),
        }
    }
}
