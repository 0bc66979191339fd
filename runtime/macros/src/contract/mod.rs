//! `#[seam::contract]`: a trait becomes a contract.

mod accept;
mod access;
mod arguments;
mod events;
mod expand;
mod message;
mod methods;
mod options;
mod parse;
mod routes;
mod triggers;
mod types;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Ident, ItemTrait, Path, Type, Visibility};

use self::options::Options;
use crate::check::Checks;

/// A contract as its trait declares it.
struct Contract {
    vis: Visibility,
    ident: Ident,
    attrs: Vec<Attribute>,
    doc: String,
    supertraits: TokenStream,
    name: String,
    version: String,
    /// The types of the events that its service publishes.
    events: Vec<Path>,
    methods: Vec<Method>,
}

/// One method of a contract.
struct Method {
    ident: Ident,
    name: String,
    /// Its doc comment and what else stands on it, without `#[call(…)]`.
    attrs: Vec<Attribute>,
    doc: String,
    /// `&mut self`, as against `&self`.
    exclusive: bool,
    arguments: Vec<Argument>,
    answer: Answer,
    options: Options,
}

/// One argument of a method.
struct Argument {
    ident: Ident,
    /// Its name in Rust, and in JSON.
    name: String,
    json: String,
    ty: Type,
    /// Its doc comment; empty if it has none.
    doc: String,
    /// What is demanded of it beyond its type.
    checks: Checks,
    /// Whether it isn't shown where messages are.
    secret: bool,
}

/// What a method returns.
struct Answer {
    /// As it was written, `()` if nothing was.
    written: TokenStream,
    answer: TokenStream,
    /// `None` if it isn't a `Result`.
    error: Option<Type>,
}

impl Answer {
    /// The type of the method's error.
    fn error(&self) -> TokenStream {
        match &self.error {
            Some(error) => quote!(#error),
            None => quote!(::seam::__private::contract::Never),
        }
    }
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let item: ItemTrait = syn::parse2(item)?;
    let contract = parse::contract(arguments, item)?;
    Ok(expand::contract(&contract))
}
