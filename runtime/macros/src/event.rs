//! `#[seam::event]`: a struct that says what has happened.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Ident, LitInt, LitStr};

use crate::attrs::{condition_above, docs, serde_names};
use crate::case::{self, Case};
use crate::diagnostic::{Mistakes, unknown};
use crate::encoding::Marks;
use crate::{message, times};

/// The longest topic, in bytes: brokers take 255 for what they route by, with what stands before it.
const MAX_TOPIC: usize = 128;

/// What `#[seam::event(…)]` says.
struct Options {
    topic: LitStr,
    version: u16,
    /// The name of a field.
    key: Ident,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    let mut item: DeriveInput = syn::parse2(item)?;
    let options = options(arguments, &item.ident, &mut mistakes);
    condition_above(&item.attrs, "event", &mut mistakes);
    check_item(&item, &mut mistakes);
    let implement = options.and_then(|options| implement(&item, &options, &mut mistakes));
    let message = message::generate(&mut item, &mut mistakes);
    mistakes.finish()?;
    Ok(quote!(#message #implement))
}

fn options(arguments: TokenStream, on: &Ident, mistakes: &mut Mistakes) -> Option<Options> {
    let (mut topic, mut version, mut key) = (None, 1, None);
    let parser = syn::meta::parser(|meta| {
        match meta.path.get_ident().map(ToString::to_string).unwrap_or_default().as_str() {
            "topic" => topic = Some(meta.value()?.parse::<LitStr>()?),
            "version" => version = number(&meta.value()?.parse()?)?,
            "key" => key = Some(meta.value()?.parse::<Ident>()?),
            other => {
                return Err(meta.error(unknown("option", other, &["topic", "version", "key"])));
            }
        }
        Ok(())
    });
    mistakes.take(parser.parse2(arguments))?;
    match &topic {
        None => {
            let example = case::snake(&on.to_string()).replacen('_', ".", 1);
            let text = format!("say what happened: `#[seam::event(topic = \"{example}\", …)]`");
            mistakes.at(on, text);
        }
        Some(topic) if !is_topic(&topic.value()) => mistakes.at(
            topic,
            format!(
                "a topic is lower-case words with dots between them, each a letter, then letters, \
                 digits, `-` or `_`, {MAX_TOPIC} bytes at most: `order.paid`"
            ),
        ),
        Some(_) => {}
    }
    if key.is_none() {
        let text = "say what the event is about: `#[seam::event(…, key = order_id)]` names the field \
                    by which the order of events is kept";
        mistakes.at(on, text);
    }
    Some(Options { topic: topic?, version, key: key? })
}

fn number(version: &LitInt) -> syn::Result<u16> {
    version.base10_parse().ok().filter(|number| *number > 0).ok_or_else(|| {
        syn::Error::new(version.span(), "a version is a number from 1 to 65535: `version = 1`")
    })
}

fn is_topic(topic: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let word =
        |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(fits);
    topic.len() <= MAX_TOPIC && topic.split('.').all(word)
}

fn check_item(item: &DeriveInput, mistakes: &mut Mistakes) {
    if !matches!(&item.data, Data::Struct(data) if matches!(data.fields, Fields::Named(_))) {
        let text = "an event is a struct whose fields have names, for it is kept by them: \
                    `struct OrderPaid { order_id: OrderId }`";
        mistakes.at(&item.ident, text);
    }
    if !item.generics.params.is_empty() {
        let text = "an event can't be generic, for who subscribes elsewhere couldn't say with what: \
                    name the types";
        mistakes.at(&item.generics, text);
    }
    for attr in item.attrs.iter().filter(|attr| denies_unknown_fields(attr)) {
        let text = "a later release may add fields, which this one has to pass over: leave out \
                    `deny_unknown_fields`";
        mistakes.at(attr, text);
    }
}

fn denies_unknown_fields(attr: &Attribute) -> bool {
    let mut found = false;
    if attr.path().is_ident("serde") {
        // What else is there, and what is wrong with it, is the message's to say.
        let _ = attr.parse_nested_meta(|meta| {
            found |= meta.path.is_ident("deny_unknown_fields");
            Ok(())
        });
    }
    found
}

/// `impl Event`, before the message takes its attributes off the fields.
fn implement(
    item: &DeriveInput,
    options: &Options,
    mistakes: &mut Mistakes,
) -> Option<TokenStream> {
    let Data::Struct(data) = &item.data else { return None };
    let Options { topic, version, key } = options;
    let Some(field) = data.fields.iter().find(|field| field.ident.as_ref() == Some(key)) else {
        let names: Vec<String> =
            data.fields.iter().filter_map(|field| field.ident.as_ref()).map(case::text).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if !names.is_empty() {
            mistakes.at(key, unknown("field", &case::text(key), &names));
        }
        return None;
    };
    let (event, ty) = (&item.ident, &field.ty);
    if is_foreign(field) {
        let text = "nobody knows how a key of this type is written: take a field that is a text, a \
                    number, or a message of just one of these";
        mistakes.at(ty, text);
    }
    let (json, doc) = (json_name(item, field, key), docs(&item.attrs));
    let no_key = "a key is a text or a number in JSON, or a variant without fields: take another \
                  field, or give the event one";
    let no_json = "a map in this event has keys that JSON can't write, and events are kept as JSON: \
                   let them be texts, numbers or variants without fields, or have a list of pairs";
    let check_key = quote_spanned! {ty.span()=>
        const _: () = ::core::assert!(
            <#ty as ::seam::__private::contract::Message>::SHAPE.json_key,
            #no_key
        );
    };
    let check_json = quote_spanned! {event.span()=>
        const _: () = ::core::assert!(
            <#event as ::seam::__private::contract::Message>::SHAPE.json,
            #no_json
        );
    };
    Some(quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl ::seam::__private::event::Event for #event {
            const TOPIC: &'static str = #topic;
            const VERSION: u16 = #version;
            const KEY: &'static str = #json;
            const DOC: &'static str = #doc;

            fn key(&self) -> ::std::string::String {
                ::seam::__private::event::key_of(&self.#key)
            }
        }
        #check_key
        #check_json
    })
}

/// Whether the field's type is no message.
fn is_foreign(field: &Field) -> bool {
    let mut said_elsewhere = Mistakes::default();
    let marks = Marks::take(&mut field.attrs.clone(), &mut said_elsewhere);
    times::holds(&field.ty) || marks.foreign
}

/// What JSON calls the field of the key; what is wrong with serde's attributes is the message's to say.
fn json_name(item: &DeriveInput, field: &Field, key: &Ident) -> String {
    let mut said_elsewhere = Mistakes::default();
    let case = serde_names(&item.attrs, &mut said_elsewhere).rename_all.unwrap_or(Case::Camel);
    let given = serde_names(&field.attrs, &mut said_elsewhere).rename;
    given.unwrap_or_else(|| case.field(&case::text(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_lower_case_words_with_dots() {
        for topic in ["order.paid", "paid", "order.line-item.added_2", "a.b.c"] {
            assert!(is_topic(topic), "{topic}");
        }
        let long = "a".repeat(129);
        for topic in [
            "",
            ".",
            "order.",
            ".paid",
            "order..paid",
            "Order.paid",
            "order.*",
            "order paid",
            "1.a",
        ] {
            assert!(!is_topic(topic), "{topic}");
        }
        assert!(!is_topic(&long) && is_topic(&long[1..]));
        assert!(!is_topic("öl.gekauft"));
    }

    /// What is wrong with an event.
    fn mistake(arguments: TokenStream, item: TokenStream) -> String {
        expand(arguments, item).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_version_is_a_number_above_nothing() {
        for (version, fits) in
            [(quote!(1), true), (quote!(65535), true), (quote!(0), false), (quote!(65536), false)]
        {
            let said = mistake(
                quote!(topic = "a.b", version = #version, key = id),
                quote!(
                    struct A {
                        id: u8,
                    }
                ),
            );
            assert_eq!(said.is_empty(), fits, "{version}: {said}");
        }
    }
}
