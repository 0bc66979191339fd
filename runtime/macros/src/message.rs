//! `#[seam::message]`: a struct or an enum that may cross a seam.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, GenericParam, Generics, Ident, Type, parse_quote};

use crate::attrs::{condition_above, missing_derives, no_conditions, serde_names};
use crate::case::{self, Case};
use crate::diagnostic::Mistakes;
use crate::encoding::{JsonNames, Parts, code, messages};
use crate::json;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    if !arguments.is_empty() {
        mistakes.at(arguments, "`#[seam::message]` takes no options: `#[serde(…)]` goes below it");
    }
    let mut item: DeriveInput = syn::parse2(item)?;
    condition_above(&item.attrs, "message", &mut mistakes);
    let output = generate(&mut item, &mut mistakes);
    mistakes.finish()?;
    Ok(output)
}

/// The item with its derives, and its `Message` impl.
pub(crate) fn generate(item: &mut DeriveInput, mistakes: &mut Mistakes) -> TokenStream {
    check_generics(&item.generics, mistakes);
    let names = serde_names(&item.attrs, mistakes);
    let skip = json::take_skip_if_none(&mut item.attrs, mistakes);
    let case = names.rename_all.unwrap_or(Case::Camel);
    let mut renames = Vec::new();
    if names.rename_all.is_none() {
        renames.push("rename_all");
    }
    let mut types = Vec::new();
    let (shape, layout, code) = match &mut item.data {
        Data::Struct(data) => {
            let parts = Parts::read(&item.ident, &mut data.fields, case, skip, mistakes);
            let shape = parts.shape();
            types.extend(parts.types().cloned());
            (quote!(#shape.inside(0)), parts.layout(), parts.code())
        }
        Data::Enum(data) => {
            let fields = names.rename_all_fields.unwrap_or(Case::Camel);
            if names.rename_all_fields.is_none() {
                renames.push("rename_all_fields");
            }
            if data.variants.is_empty() {
                mistakes.at(&item.ident, "an enum without variants has no value to send: add one");
            }
            variants(&item.ident, data, (case, fields, skip), &mut types, mistakes)
        }
        Data::Union(data) => {
            mistakes.at(data.union_token, "a union can't be encoded: make it an enum");
            return TokenStream::new();
        }
    };
    let attrs = std::mem::take(&mut item.attrs);
    item.attrs = derives(&attrs, &["Clone", "Debug", "PartialEq"], &renames);
    item.attrs.extend(attrs);
    let check = item.generics.params.is_empty().then(|| check_types(&types));
    let implement = implement(&item.ident, &item.generics, &shape, &layout, &code);
    quote!(#check #item #implement)
}

/// Says that a field's type is no message before the derives say it each in its own way.
fn check_types(types: &[Type]) -> TokenStream {
    let clause = messages(types.iter());
    quote! {
        const _: () = {
            #[allow(dead_code)]
            struct Fields #clause;
        };
    }
}

/// The derives that every message has, those of `wanted` that the user hasn't, and the names.
fn derives(attrs: &[Attribute], wanted: &[&str], renames: &[&str]) -> Vec<Attribute> {
    let wanted = missing_derives(attrs, wanted);
    let wanted = wanted.iter().map(|name| match *name {
        "Clone" => quote!(::core::clone::Clone),
        "Debug" => quote!(::core::fmt::Debug),
        _ => quote!(::core::cmp::PartialEq),
    });
    let renames = renames.iter().map(|name| format_ident!("{name}"));
    vec![
        parse_quote!(#[derive(
            #(#wanted,)*
            ::seam::__private::serde::Serialize,
            ::seam::__private::serde::Deserialize,
            ::seam::__private::schemars::JsonSchema,
        )]),
        parse_quote!(#[serde(crate = "::seam::__private::serde" #(, #renames = "camelCase")*)]),
        parse_quote!(#[schemars(crate = "::seam::__private::schemars")]),
    ]
}

/// The shape and the layout of an enum, and the functions that encode and decode it.
fn variants(
    owner: &Ident,
    data: &mut syn::DataEnum,
    (case, fields, skip): (Case, Case, bool),
    types: &mut Vec<Type>,
    mistakes: &mut Mistakes,
) -> (TokenStream, TokenStream, TokenStream) {
    let (mut shapes, mut layouts, mut bare) = (Vec::new(), Vec::new(), true);
    let (mut writes, mut reads, mut looks) = (Vec::new(), Vec::new(), Vec::new());
    let mut taken = JsonNames::default();
    for (place, variant) in (0_u32..).zip(&mut data.variants) {
        no_conditions(&variant.attrs, "a message", mistakes);
        let names = serde_names(&variant.attrs, mistakes);
        let fields = names.rename_all.unwrap_or(fields);
        let parts = Parts::read(owner, &mut variant.fields, fields, skip, mistakes);
        let name = names.rename.unwrap_or_else(|| case.variant(&case::text(&variant.ident)));
        let known = [name.clone()].into_iter().chain(names.aliases);
        taken.take(&variant.ident, known, mistakes);
        let layout = parts.variant_layout();
        types.extend(parts.types().cloned());
        shapes.push(parts.shape());
        bare &= parts.is_unit();
        let (write, read) = parts.arms(place, &variant.ident);
        looks.extend(parts.check_arm(&variant.ident, &name));
        writes.push(write);
        reads.push(read);
        layouts.push(quote! {
            out.text(#name);
            #layout
            out.text("|");
        });
    }
    let key = bare.then(|| quote!(.key()));
    let shape = quote! {
        ::seam::__private::contract::Shape::EMPTY #(.and(#shapes))*.optional(4)#key
    };
    let layout = quote! {
        out.text("<");
        #(#layouts)*
        out.text(">");
    };
    let count = data.variants.len();
    let write = quote! {
        match self {
            #(#writes)*
        }
        ::core::result::Result::Ok(())
    };
    let read = quote! {
        ::core::result::Result::Ok(match from.variant()? {
            #(#reads,)*
            other => {
                return ::core::result::Result::Err(
                    ::seam::__private::codec::Fault::no_variant(other, #count),
                );
            }
        })
    };
    let check = (!looks.is_empty()).then(|| {
        quote! {
            #[allow(unreachable_patterns)]
            match self {
                #(#looks)*
                _ => {}
            }
        }
    });
    (shape, layout, code(&write, &read, &check.unwrap_or_default()))
}

/// `impl Message`, and a look at its shape, so that a shape that can't be is found now.
pub(crate) fn implement(
    ident: &Ident,
    generics: &Generics,
    shape: &TokenStream,
    layout: &TokenStream,
    code: &TokenStream,
) -> TokenStream {
    let mut bounded = generics.clone();
    for parameter in bounded.type_params_mut() {
        parameter.bounds.push(parse_quote!(::seam::__private::contract::Message));
    }
    let (in_impl, in_type, clause) = bounded.split_for_impl();
    let look = generics.params.is_empty().then(|| {
        quote! {
            const _: ::seam::__private::contract::Shape =
                <#ident as ::seam::__private::contract::Message>::SHAPE;
        }
    });
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #in_impl ::seam::__private::contract::Message for #ident #in_type #clause {
            const SHAPE: ::seam::__private::contract::Shape = #shape;

            fn layout(out: &mut ::seam::__private::contract::Layout) {
                #layout
            }

            #code
        }
        #look
    }
}

fn check_generics(generics: &Generics, mistakes: &mut Mistakes) {
    for parameter in &generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            mistakes.at(lifetime, "a message owns what it holds: leave out the lifetime");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a message.
    fn mistake(item: TokenStream) -> String {
        expand(TokenStream::new(), item).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_depends_on_the_build_is_refused() {
        let said = mistake(quote!(
            struct A {
                #[cfg(unix)]
                x: u8,
            }
        ));
        assert_eq!(said, "a message is the same in every build: leave out the condition");
        let said = mistake(quote!(
            enum A {
                B,
                #[cfg_attr(unix, serde(rename = "d"))]
                C,
            }
        ));
        assert!(said.contains("every build"), "{said}");
        let said = mistake(quote!(
            #[cfg(unix)]
            struct A;
        ));
        assert!(said.contains("above `#[seam::message]`"), "{said}");
    }

    #[test]
    fn two_names_that_meet_in_json_are_told() {
        let said = mistake(quote!(
            struct A {
                user_id: u8,
                userId: u8,
            }
        ));
        assert!(said.contains("`userId` is what `user_id` is called in JSON"), "{said}");
        let said = mistake(quote!(
            struct A {
                a: u8,
                #[serde(alias = "a")]
                b: u8,
            }
        ));
        assert!(said.contains("`a` is what `a` is called"), "{said}");
        let said = mistake(quote!(
            enum A {
                One,
                #[serde(rename = "one")]
                Two,
            }
        ));
        assert!(said.contains("`one` is what `One` is called"), "{said}");
        assert_eq!(
            mistake(quote!(
                struct A {
                    user_id: u8,
                    user: u8,
                }
            )),
            ""
        );
    }

    #[test]
    fn only_what_may_be_empty_is_left_out() {
        let said = mistake(quote!(
            struct A {
                #[json(skip_if_none)]
                x: u8,
            }
        ));
        assert!(said.contains("only an `Option` can be left out"), "{said}");
        let said = mistake(quote!(
            struct A(#[json(skip_if_none)] Option<u8>);
        ));
        assert!(said.contains("give the fields names"), "{said}");
        let said = mistake(quote!(
            #[json(skip_none)]
            struct A {
                x: u8,
            }
        ));
        assert!(said.contains("did you mean `skip_if_none`?"), "{said}");
        assert_eq!(
            mistake(quote!(
                #[json(skip_if_none)]
                struct A {
                    x: u8,
                    y: Option<u8>,
                }
            )),
            ""
        );
    }
}
