//! `[otlp]`: the collector that gets traces, metrics and logs.

use seam_telemetry::otlp::{Endpoint, EndpointError, HeaderError, Headers};
use serde_json::{Value as Json, json};

use super::{
    env::Env,
    origin::Origin,
    problem::Problem,
    reader::Reader,
    secret::Secret,
    tree::{Entry, Kind, Node, Table},
    value::{FromNode, Wrong},
};

/// Where OpenTelemetry's own programs look for `endpoint`.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// And for `headers`: `NAME=VALUE,NAME=VALUE`.
pub(super) const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// `[otlp]`: the collector that gets traces, metrics and logs, by OTLP over HTTP.
///
/// ```toml
/// [otlp]
/// endpoint = "http://127.0.0.1:4318"
/// headers = { "x-api-key" = "${API_KEY}" }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtlpConfig {
    /// `endpoint`: the collector's URL, `http` or `https`; `/v1/traces`, `/v1/metrics` and `/v1/logs` are
    /// put behind it. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, or `""`: none.
    pub endpoint: Option<Endpoint>,
    /// `headers`: what every request carries, by name; secrets. Default: `OTEL_EXPORTER_OTLP_HEADERS`, or
    /// none.
    pub headers: Headers,
}

/// Reads `[otlp]`.
pub(super) fn read_otlp(mut reader: Reader<'_>) -> OtlpConfig {
    let Place(endpoint) = reader.value("endpoint", Place(None));
    let mut headers = Headers::default();
    for (name, value) in reader.table("headers").values::<Secret>() {
        if let Err(error) = headers.insert(&name, value.reveal()) {
            let fix = match error {
                HeaderError::Value(_) => "use visible characters of ASCII",
                _ => "use letters, digits and `-`",
            };
            reader.named("headers").refuse(&name, format!("`headers`: {error}"), fix);
        }
    }
    reader.finish();
    OtlpConfig { endpoint, headers }
}

/// Puts what OpenTelemetry's variables say into the tree, where nothing else says it.
pub(super) fn add_standard(root: &mut Table, env: &Env, problems: &mut Vec<Problem>) {
    let set = |name: &str| env.get(name).filter(|value| !value.trim().is_empty());
    if let Some(endpoint) = set(ENDPOINT) {
        add(root, "endpoint", Node { origin: from(ENDPOINT), kind: Kind::Raw(endpoint.clone()) });
    }
    if let Some(list) = set(HEADERS) {
        match Headers::parse_list(list) {
            Ok(headers) => {
                let entries = headers.iter().map(|(name, value)| {
                    entry(name, Node { origin: from(HEADERS), kind: Kind::Raw(value.into()) })
                });
                let table = Table { entries: entries.collect() };
                add(root, "headers", Node { origin: from(HEADERS), kind: Kind::Table(table) });
            }
            Err(error) => {
                let fix = "write NAME=VALUE,NAME=VALUE, with values in percent encoding";
                problems.push(Problem::new(&from(HEADERS), error.to_string(), fix));
            }
        }
    }
}

fn add(root: &mut Table, key: &str, node: Node) {
    if root.entry("otlp").is_none() {
        let kind = Kind::Table(Table::default());
        root.entries.push(entry("otlp", Node { origin: node.origin.clone(), kind }));
    }
    let otlp = root.entries.iter_mut().find(|entry| entry.key == "otlp");
    // What is no table is refused when it is read.
    if let Some(Kind::Table(table)) = otlp.map(|entry| &mut entry.node.kind)
        && table.entry(key).is_none()
    {
        table.entries.push(entry(key, node));
    }
}

fn entry(key: &str, node: Node) -> Entry {
    Entry { key: key.into(), origin: node.origin.clone(), node }
}

fn from(variable: &str) -> Origin {
    Origin::Env(variable.into())
}

/// An endpoint, or none.
struct Place(Option<Endpoint>);

impl FromNode for Place {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let text = String::from_node(node)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let wrong = |error: EndpointError| Wrong {
            reason: error.to_string(),
            fix: match error {
                EndpointError::Credentials => "use headers = { authorization = \"${LOGIN}\" }",
                EndpointError::Unknown | EndpointError::Query => {
                    "use e.g. \"http://127.0.0.1:4318\""
                }
            }
            .into(),
        };
        Endpoint::parse(&text).map(Some).map(Self).map_err(wrong)
    }

    fn show(&self) -> Json {
        json!(self.0.as_ref().map(Endpoint::to_string).unwrap_or_default())
    }
}
