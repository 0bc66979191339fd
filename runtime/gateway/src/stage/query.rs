//! The query: text that can be read, and nothing that would be ignored.

use std::borrow::Cow;

use seam_core::name::instead;

use super::Here;
use super::route::Found;
use crate::argument::cut;
use crate::arguments::Arguments;
use crate::problem::Problem;
use crate::query::pairs;
use crate::settings::UnknownQuery;

/// Refuses a query that isn't UTF-8, names an argument in two spellings, or has a key that nothing
/// is read from. Routes of the program's own read theirs.
pub(super) fn check(here: &Here<'_>, found: &Found<'_>) -> Result<(), Problem> {
    let query = here.request.query();
    if query.is_empty() || matches!(found, Found::Own(_)) {
        return Ok(());
    }
    let arguments = match found {
        Found::Route(route, _) => Some(&route.arguments),
        _ => None,
    };
    // Which argument was named, and how it was spelled then.
    let mut named: Vec<(usize, Cow<'_, str>)> = Vec::new();
    for (name, _) in pairs(query.as_bytes(), "the query")? {
        let Some(argument) = arguments.and_then(|arguments| arguments.queried(&name)) else {
            if here.settings.limits.unknown_query == UnknownQuery::Ignore {
                continue;
            }
            let known = arguments.map(Arguments::query_keys).unwrap_or_default();
            let instead = instead(&name, &known);
            let name = cut(&name);
            let why = format!("`{name}` is no key of the query that is known here: {instead}");
            return Err(Problem::bad_request(why));
        };
        match named.iter().find(|(other, _)| *other == argument) {
            Some((_, spelled)) if *spelled != name => {
                let why = format!("`{spelled}` and `{name}` are one argument, in two spellings");
                return Err(Problem::bad_request(why));
            }
            Some(_) => {}
            None => named.push((argument, name)),
        }
    }
    Ok(())
}
