//! `name = "payment", version = "1.0", events(Paid)`.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Ident, LitStr, Path};

use crate::diagnostic::{Mistakes, unknown};

/// The longest name of a service, in bytes; `seam-core` says the same.
const MAX_NAME: usize = 64;

/// A contract's name and version, and the events that it names.
#[derive(Default)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) events: Vec<Path>,
}

pub(super) fn identity(arguments: TokenStream, on: &Ident, mistakes: &mut Mistakes) -> Identity {
    let (mut name, mut version, mut events) = (None, None, Vec::<Path>::new());
    let parser = syn::meta::parser(|meta| {
        let into = match meta.path.get_ident().map(ToString::to_string).unwrap_or_default().as_str()
        {
            "name" => &mut name,
            "version" => &mut version,
            "events" => {
                return meta.parse_nested_meta(|event| {
                    if events.contains(&event.path) {
                        return Err(event.error("this event is there twice: name it once"));
                    }
                    events.push(event.path);
                    Ok(())
                });
            }
            other => {
                return Err(meta.error(unknown("option", other, &["name", "version", "events"])));
            }
        };
        *into = Some(meta.value()?.parse::<LitStr>()?);
        Ok(())
    });
    let Some(()) = mistakes.take(parser.parse2(arguments)) else { return Identity::default() };
    match &name {
        None => {
            let example = crate::case::snake(&on.to_string()).replace('_', "-");
            let text = format!("say its name: `#[seam::contract(name = \"{example}\", …)]`");
            mistakes.at(on, text);
        }
        Some(name) if !is_name(&name.value()) => mistakes.at(
            name,
            "a contract's name is a letter, then letters, digits, `-` or `_`, 64 at most: `payment`",
        ),
        Some(_) => {}
    }
    match &version {
        None => mistakes.at(on, "say its version: `#[seam::contract(…, version = \"1.0\")]`"),
        Some(version) if !is_version(&version.value()) => {
            mistakes.at(version, "a version is MAJOR.MINOR: `1.0`");
        }
        Some(_) => {}
    }
    let value = |text: Option<LitStr>| text.map(|text| text.value()).unwrap_or_default();
    Identity { name: value(name), version: value(version), events }
}

/// Without dots, which the command line and the form gateway put between service and method.
fn is_name(name: &str) -> bool {
    let letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    letter && name.len() <= MAX_NAME && name.chars().all(fits)
}

fn is_version(version: &str) -> bool {
    version.split_once('.').is_some_and(|(major, minor)| {
        [major, minor]
            .iter()
            .all(|part| part.parse::<u16>().is_ok_and(|number| number.to_string() == *part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_long_as_core_says() {
        assert_eq!(MAX_NAME, seam_core::name::MAX_NAME_LEN);
    }
}
