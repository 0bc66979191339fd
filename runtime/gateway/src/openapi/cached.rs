//! The document of what an edge serves now, made when it is first asked for.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use seam_core::contract::Rule;

use super::{Api, Scheme, openapi};
use crate::own::Own;
use crate::settings::EdgeSettings;
use crate::versions::Versions;
use crate::worker::Table;

/// The last document that was made, and what it was made from.
#[derive(Debug, Default)]
pub(crate) struct Cached(Mutex<Option<Made>>);

#[derive(Debug)]
struct Made {
    table: Arc<Table>,
    versions: Arc<Versions>,
    errors: Arc<str>,
    known: bool,
    schemes: Vec<Scheme>,
    allow: Arc<HashMap<String, Rule>>,
    text: Bytes,
}

impl Cached {
    /// The document's text. It is made anew only for another table, or other settings.
    pub(crate) fn text(&self, table: &Arc<Table>, settings: &EdgeSettings, own: &Own) -> Bytes {
        let mut made = self.0.lock();
        if let Some(made) = &*made
            && Arc::ptr_eq(&made.table, table)
            && made.versions == settings.versions
            && made.errors == settings.errors
            && made.known == settings.known
            && made.schemes == settings.schemes
            && made.allow == settings.allow
        {
            return made.text.clone();
        }
        let document = openapi(&Api {
            about: &own.about,
            services: &table.contracts(),
            versions: &settings.versions,
            errors: &settings.errors,
            tickets: own.tickets.is_some(),
            own_problems: own.problems.is_some(),
            own_errors: own.errors.is_some(),
            asks: settings.asks(),
        });
        // The table has these routes already: there is no route among them that is none.
        let text: Bytes = document.unwrap_or_default().to_string().into();
        *made = Some(Made {
            table: Arc::clone(table),
            versions: Arc::clone(&settings.versions),
            errors: Arc::clone(&settings.errors),
            known: settings.known,
            schemes: settings.schemes.clone(),
            allow: Arc::clone(&settings.allow),
            text: text.clone(),
        });
        text
    }
}
