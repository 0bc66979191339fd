//! One method: its signature, and what can't be asked across a seam.

use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, FnArg, Ident, Pat, Receiver, ReturnType, Signature, Token, TraitItemFn, Type,
};

use super::types::{check_type, result_of};
use super::{Answer, Argument, Method, options, triggers};
use crate::attrs::{docs, is_condition, no_conditions};
use crate::case::{self, Case};
use crate::check::Checks;
use crate::diagnostic::Mistakes;
use crate::encoding::Marks;

pub(super) fn method(function: TraitItemFn, mistakes: &mut Mistakes) -> Option<Method> {
    let TraitItemFn { attrs, sig, default, .. } = function;
    check_signature(&sig, mistakes);
    check_length(&sig.ident, mistakes);
    if let Some(body) = default {
        let text = "a contract says what can be asked, not how: end the line with `;` and move the \
                    body to the `impl`";
        mistakes.at(body, text);
    }
    let exclusive = receiver(&sig, mistakes);
    let arguments = arguments(&sig.inputs, mistakes);
    let answer = answer(&sig.output, mistakes);
    let (call, attrs): (Vec<_>, Vec<_>) =
        attrs.into_iter().partition(|attr| attr.path().is_ident("call"));
    no_conditions(&attrs, "a contract", mistakes);
    let options = options::read(&call, &arguments, exclusive, mistakes);
    triggers::check(&options, &sig.ident, &arguments, &answer, mistakes);
    Some(Method {
        name: case::text(&sig.ident),
        ident: sig.ident,
        doc: docs(&attrs),
        attrs,
        exclusive: exclusive?,
        arguments,
        answer,
        options,
    })
}

/// The longest name of a method, in bytes; `seam-wire` says the same.
const MAX_NAME: usize = 128;

fn check_length(name: &Ident, mistakes: &mut Mistakes) {
    let length = case::text(name).len();
    if length > MAX_NAME {
        let text = format!(
            "a method's name has {MAX_NAME} bytes at most, for other units are told it, and this one \
             has {length}: shorten it"
        );
        mistakes.at(name, text);
    }
}

fn check_signature(sig: &Signature, mistakes: &mut Mistakes) {
    let name = &sig.ident;
    if sig.asyncness.is_none() {
        let text = format!(
            "`{name}` isn't `async`, but a call may cross to another process: write `async fn {name}`"
        );
        mistakes.at(sig.fn_token, text);
    }
    if !sig.generics.params.is_empty() {
        let text = format!(
            "`{name}` can't be generic, for a caller elsewhere couldn't say with what: name the types"
        );
        mistakes.at(&sig.generics, text);
    } else if let Some(clause) = &sig.generics.where_clause {
        mistakes.at(clause, format!("`{name}` can't be generic: leave out the `where`"));
    }
    let odd: [&dyn ToTokens; 3] = [&sig.constness, &sig.unsafety, &sig.abi];
    for token in odd {
        let token = token.to_token_stream();
        if !token.is_empty() {
            mistakes.at(token, "a contract's method is a plain `async fn`: leave this out");
        }
    }
}

/// Whether the receiver is exclusive; `None` if it is none.
fn receiver(sig: &Signature, mistakes: &mut Mistakes) -> Option<bool> {
    match sig.receiver() {
        Some(Receiver { reference: Some(_), colon_token: None, mutability, .. }) => {
            Some(mutability.is_some())
        }
        Some(other) => {
            let text = "a service outlives its calls: take `&self` (beside others) or `&mut self` \
                        (alone)";
            mistakes.at(other, text);
            None
        }
        None => {
            let text = format!(
                "`{0}` has no receiver: write `{0}(&self, …)` for a turn beside others, or \
                 `{0}(&mut self, …)` for one alone",
                sig.ident
            );
            mistakes.at(&sig.ident, text);
            None
        }
    }
}

fn arguments(inputs: &Punctuated<FnArg, Token![,]>, mistakes: &mut Mistakes) -> Vec<Argument> {
    let mut arguments: Vec<Argument> = Vec::new();
    for input in inputs {
        let FnArg::Typed(input) = input else { continue };
        check_type(&input.ty, "take", mistakes);
        let mut attrs = input.attrs.clone();
        let checks = Checks::take(&mut attrs, mistakes);
        let marks = Marks::take(&mut attrs, mistakes);
        if marks.foreign {
            let text =
                "an argument's type is a message: put the foreign one into a message's field";
            mistakes.at(&input.ty, text);
        }
        check_attributes(&attrs, mistakes);
        let Pat::Ident(pattern) = &*input.pat else {
            let text = "an argument needs a name, by which JSON knows it: write `name: Type`, and \
                        take it apart in the `impl`";
            mistakes.at(&input.pat, text);
            continue;
        };
        if pattern.by_ref.is_some() || pattern.mutability.is_some() || pattern.subpat.is_some() {
            let text = format!("write just `{}`: the rest belongs in the `impl`", pattern.ident);
            mistakes.at(pattern, text);
        }
        let name = case::text(&pattern.ident);
        if name.starts_with('_') {
            let text = "an argument's name is part of the contract: leave out the `_`";
            mistakes.at(&pattern.ident, text);
        }
        if let Some(before) =
            arguments.iter().find(|before| case::folded(&before.name) == case::folded(&name))
        {
            let text = match &before.name {
                same if *same == name => format!("two arguments are called `{name}`"),
                other => format!(
                    "`{name}` and `{other}` are one name in JSON and in queries, which are read \
                     however they are spelled: rename one"
                ),
            };
            mistakes.at(&pattern.ident, text);
        }
        let json = Case::Camel.field(&name);
        let (ident, ty) = (pattern.ident.clone(), (*input.ty).clone());
        arguments.push(Argument {
            ident,
            name,
            json,
            ty,
            doc: docs(&attrs),
            checks,
            secret: marks.secret,
        });
    }
    arguments
}

/// Beside its constraints an argument may have a doc comment, and nothing else.
fn check_attributes(attrs: &[Attribute], mistakes: &mut Mistakes) {
    no_conditions(attrs, "a contract", mistakes);
    for attr in attrs.iter().filter(|attr| !attr.path().is_ident("doc")) {
        if !is_condition(attr) {
            let text = "an argument has a doc comment, `#[check(…)]` and `#[message(secret)]` at most: what \
                        is said of a type stands on the type, and `#[call(…)]` on the method";
            mistakes.at(attr, text);
        }
    }
}

fn answer(output: &ReturnType, mistakes: &mut Mistakes) -> Answer {
    let written = match output {
        ReturnType::Default => {
            return Answer { written: quote!(()), answer: quote!(()), error: None };
        }
        ReturnType::Type(_, ty) => ty,
    };
    check_type(written, "answer with", mistakes);
    let ty: &Type = written;
    match mistakes.take(result_of(ty)).flatten() {
        Some((answer, error)) => Answer {
            written: quote!(#written),
            answer: quote!(#answer),
            error: Some(error.clone()),
        },
        None => Answer { written: quote!(#written), answer: quote!(#written), error: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_long_as_the_wire_says() {
        assert_eq!(MAX_NAME, seam_wire::limits::MAX_NAME);
    }
}
