//! What a row of this bench says beyond the others' labels.

use serde::Serialize;

/// Which curve a row is a point of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct ScaleLabels {
    /// `cores`, `actors`, `payload`, `connections`, `service` or `connection`.
    pub(crate) series: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actors: Option<usize>,
    /// `local`, `encoded` or `remote`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) route: Option<&'static str>,
    /// Bytes of a message, as long as its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<usize>,
    /// Whether the payload is `bytes` or `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connections: Option<usize>,
    /// How many of the connections carry calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) busy: Option<usize>,
    /// Whose memory: `server` or `client`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) side: Option<&'static str>,
}

impl ScaleLabels {
    /// The words of a cell's title.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = vec![self.series.to_owned()];
        words.extend(self.payload.map(|n| format!("{n} bytes each way")));
        words.extend(self.connections.map(|n| format!("{n} connections")));
        words
    }

    /// What tells the rows of a cell apart.
    pub(crate) fn who(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.actors.map(|n| format!("{n} actors")));
        words.extend(self.route.map(str::to_owned));
        words.extend(self.kind.map(str::to_owned));
        words.extend(self.busy.map(|n| format!("{n} busy")));
        words.extend(self.side.map(str::to_owned));
        words.iter().map(|word| format!(", {word}")).collect()
    }
}
