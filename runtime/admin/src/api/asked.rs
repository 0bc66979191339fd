//! What a request says, and what is made of it.

use actix_web::web::Query;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::acts::Act;
use crate::auth::Who;
use crate::refusal::Refusal;

/// What a request says.
pub(super) struct Asked<'a> {
    /// The segments of its path that stand for something.
    pub(super) params: Vec<(String, String)>,
    /// What stands behind its question mark.
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
    /// Who asks, unless that doesn't matter.
    pub(super) who: Option<&'a Who>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    unit: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Letters {
    id: Option<String>,
    #[serde(default)]
    all: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// How many entries of a list are shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    limit: Option<usize>,
}

impl Asked<'_> {
    /// What stands in the path.
    pub(super) fn param(&self, name: &str) -> Result<String, Refusal> {
        let found = self.params.iter().find(|(known, _)| known == name);
        let none = || Refusal::not_found("there is nothing of that name");
        found.map(|(_, value)| value.clone()).ok_or_else(none)
    }

    /// What stands in the query.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let read = Query::from_query(self.query).map(Query::into_inner);
        read.map_err(|error| Refusal::bad_request(format!("the query: {error}")))
    }

    /// The JSON object in the body.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let read = serde_json::from_slice(self.body);
        read.map_err(|error| Refusal::bad_request(format!("the body: {error}")))
    }

    /// How many entries are wanted, up to `most`.
    pub(super) fn limit(&self, most: usize) -> Result<usize, Refusal> {
        let Limit { limit } = self.query()?;
        Ok(limit.unwrap_or(most).min(most))
    }

    pub(super) fn resolve(&self) -> Result<Act, Refusal> {
        let Note { note } = self.body()?;
        Ok(Act::Resolve { id: self.param("id")?, note })
    }

    pub(super) fn rollback(&self) -> Result<Act, Refusal> {
        self.body().map(|Version { version }| Act::Rollback { version })
    }

    pub(super) fn drain(&self) -> Result<Act, Refusal> {
        self.body().map(|Unit { unit }| Act::Drain { unit })
    }

    pub(super) fn forget(&self) -> Result<Act, Refusal> {
        self.body().map(|Letter { id }| Act::Drop { id })
    }

    pub(super) fn unset(&self) -> Result<Act, Refusal> {
        self.body().map(|Key { key, unit }| Act::Unset { key, unit })
    }

    pub(super) fn retry(&self) -> Result<Act, Refusal> {
        match self.body()? {
            Letters { id: Some(id), all: false } => Ok(Act::Retry { ids: Some(vec![id]) }),
            Letters { id: None, all: true } => Ok(Act::Retry { ids: None }),
            _ => Err(Refusal::bad_request("the body: write `id`, or `all`: true")),
        }
    }

    pub(super) fn reload(&self) -> Result<Act, Refusal> {
        if !self.body.is_empty() {
            let Nothing {} = self.body()?;
        }
        Ok(Act::Reload)
    }
}
