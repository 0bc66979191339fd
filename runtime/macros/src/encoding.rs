//! How a type is encoded: the `Message` impl's shape and layout, from its fields or variants.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Fields, Ident, Type, TypePath};

use crate::attrs::serde_names;
use crate::case::{self, Case};
use crate::diagnostic::{Mistakes, unknown};

/// One field of a message.
pub(crate) struct Part {
    /// Its name in JSON; its place if it has none.
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Its type has serde and schemars from elsewhere, and no layout.
    pub(crate) foreign: bool,
}

/// The fields of a struct or of a variant.
pub(crate) struct Parts {
    kind: Kind,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Named,
    Tuple,
    Newtype,
    Unit,
}

impl Parts {
    /// The arguments of a method.
    pub(crate) fn named(parts: Vec<Part>) -> Self {
        Self { kind: Kind::Named, parts }
    }

    /// Reads fields, and takes `#[message(…)]` off them.
    pub(crate) fn read(
        owner: &Ident,
        fields: &mut Fields,
        case: Case,
        mistakes: &mut Mistakes,
    ) -> Self {
        let kind = match fields {
            Fields::Named(_) => Kind::Named,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Kind::Newtype,
            Fields::Unnamed(_) => Kind::Tuple,
            Fields::Unit => Kind::Unit,
        };
        let parts = fields
            .iter_mut()
            .enumerate()
            .map(|(place, field)| {
                check_owned(&field.ty, owner, mistakes);
                let given = serde_names(&field.attrs, mistakes).rename;
                let own = || match &field.ident {
                    Some(ident) => case.field(&case::text(ident)),
                    None => place.to_string(),
                };
                let name = given.unwrap_or_else(own);
                let foreign = take_foreign(&mut field.attrs, mistakes);
                Part { name, ty: field.ty.clone(), foreign }
            })
            .collect();
        Self { kind, parts }
    }

    /// All parts, one after the other, as a `Shape`.
    pub(crate) fn shape(&self) -> TokenStream {
        let parts = self.parts.iter().map(Part::shape);
        quote!(::seam::__private::contract::Shape::EMPTY #(.and(#parts))*)
    }

    /// Statements that write the layout to `out`.
    pub(crate) fn layout(&self) -> TokenStream {
        let (open, close) = match self.kind {
            Kind::Named => ("{", "}"),
            Kind::Tuple | Kind::Unit => ("(", ")"),
            // A newtype is encoded as what it holds.
            Kind::Newtype => return self.parts.iter().map(Part::bare_layout).collect(),
        };
        let parts = self.parts.iter().map(Part::layout);
        quote! {
            out.text(#open);
            #(#parts)*
            out.text(#close);
        }
    }

    /// The same for a variant, which is always told from its neighbours.
    pub(crate) fn variant_layout(&self) -> TokenStream {
        match self.kind {
            Kind::Unit => TokenStream::new(),
            Kind::Named | Kind::Tuple => self.layout(),
            Kind::Newtype => {
                let inner = self.layout();
                quote! {
                    out.text("(");
                    #inner
                    out.text(")");
                }
            }
        }
    }
}

impl Part {
    fn shape(&self) -> TokenStream {
        let ty = &self.ty;
        if self.foreign {
            return quote!(::seam::__private::contract::Shape::leaf(1));
        }
        quote_spanned!(ty.span()=> <#ty as ::seam::__private::contract::Message>::SHAPE)
    }

    fn layout(&self) -> TokenStream {
        let (name, ty) = (&self.name, &self.ty);
        if self.foreign {
            return quote!(out.foreign_field::<#ty>(#name););
        }
        quote!(out.field::<#ty>(#name);)
    }

    fn bare_layout(&self) -> TokenStream {
        let ty = &self.ty;
        if self.foreign {
            return quote!(out.foreign_field::<#ty>(""););
        }
        quote!(<#ty as ::seam::__private::contract::Message>::layout(out);)
    }
}

/// Takes `#[message(foreign)]` off a field.
fn take_foreign(attrs: &mut Vec<Attribute>, mistakes: &mut Mistakes) -> bool {
    let mut foreign = false;
    for attr in attrs.extract_if(.., |attr| attr.path().is_ident("message")) {
        let read = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("foreign") {
                foreign = true;
                return Ok(());
            }
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            Err(meta.error(unknown("option", &name, &["foreign"])))
        });
        mistakes.take(read);
    }
    foreign
}

/// Refuses types that borrow, and the type `owner` itself.
fn check_owned(ty: &Type, owner: &Ident, mistakes: &mut Mistakes) {
    let mut check = Owned { owner, mistakes };
    check.visit_type(ty);
}

struct Owned<'a> {
    owner: &'a Ident,
    mistakes: &'a mut Mistakes,
}

impl<'ast> Visit<'ast> for Owned<'_> {
    fn visit_type_reference(&mut self, ty: &'ast syn::TypeReference) {
        self.mistakes.at(ty, format!("a message owns what it holds: {}", instead_of(ty)));
    }

    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        self.mistakes.at(lifetime, "a message owns what it holds: use an owned type");
    }

    fn visit_type_path(&mut self, path: &'ast TypePath) {
        let own = path.path.get_ident().filter(|ident| *ident == self.owner || *ident == "Self");
        if let Some(ident) = own {
            let text = format!(
                "`{}` contains itself, and could be nested as deep as a stranger likes: give the \
                 inner one an id, or keep a flat list",
                self.owner
            );
            self.mistakes.at(ident, text);
        }
        visit::visit_type_path(self, path);
    }
}

/// "use `String`" for `&str`, and the like.
pub(crate) fn instead_of(ty: &syn::TypeReference) -> String {
    match &*ty.elem {
        Type::Path(path) if path.path.is_ident("str") => "use `String`".to_owned(),
        Type::Slice(slice) => {
            let element = &slice.elem;
            format!("use `Vec<{}>`", quote!(#element))
        }
        owned => format!("use `{}`", quote!(#owned)),
    }
}
