//! How a type is encoded: the `Message` impl's shape and layout, from its fields or variants.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Fields, GenericArgument, Ident, Index, Member, PathArguments, Type, TypePath,
    WhereClause, WherePredicate, parse_quote, parse_quote_spanned,
};

use crate::attrs::{Names, no_conditions, serde_names};
use crate::case::{self, Case};
use crate::check::{Checks, is_bare};
use crate::diagnostic::{Mistakes, unknown};
use crate::{json, times};

/// One field of a message.
pub(crate) struct Part {
    pub(crate) member: Member,
    /// Its name in JSON; its place if it has none.
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Its type has serde and schemars from elsewhere, and no layout.
    pub(crate) foreign: bool,
    /// It holds times, which are told by a schema of ours.
    pub(crate) times: bool,
    /// What is demanded of it beyond its type.
    pub(crate) checks: Checks,
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
        skip_if_none: bool,
        mistakes: &mut Mistakes,
    ) -> Self {
        let kind = match fields {
            Fields::Named(_) => Kind::Named,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Kind::Newtype,
            Fields::Unnamed(_) => Kind::Tuple,
            Fields::Unit => Kind::Unit,
        };
        let mut names = JsonNames::default();
        let parts = fields
            .iter_mut()
            .enumerate()
            .map(|(place, field)| {
                check_owned(&field.ty, owner, mistakes);
                no_conditions(&field.attrs, "a message", mistakes);
                let Names { rename: given, aliases, default, .. } =
                    serde_names(&field.attrs, mistakes);
                let own = || match &field.ident {
                    Some(ident) => case.field(&case::text(ident)),
                    None => place.to_string(),
                };
                let name = given.unwrap_or_else(own);
                if let Some(ident) = &field.ident {
                    names.take(ident, [name.clone()].into_iter().chain(aliases), mistakes);
                }
                let times = times::holds(&field.ty);
                field.attrs.extend(
                    times.then(|| times::attributes(&field.ty, default)).into_iter().flatten(),
                );
                let marks = Marks::take(&mut field.attrs, mistakes);
                let foreign = marks.foreign || times;
                if marks.secret && kind == Kind::Named {
                    field.attrs.push(Marks::secret());
                } else if marks.secret {
                    let text = "only a field with a name can be a secret: give the fields names";
                    mistakes.at(&field.ty, text);
                }
                let checks = Checks::take(&mut field.attrs, mistakes);
                field.attrs.extend(checks.attribute());
                let own = json::take_skip_if_none(&mut field.attrs, mistakes);
                if kind == Kind::Named {
                    let skip = json::left_out(&field.ty, skip_if_none, own, default, mistakes);
                    field.attrs.extend(skip);
                } else if own {
                    let text = "only a field with a name can be left out: give the fields names";
                    mistakes.at(&field.ty, text);
                }
                if !foreign {
                    field.attrs.extend(at_once(&field.ty));
                }
                let member = match &field.ident {
                    Some(ident) => Member::Named(ident.clone()),
                    None => Member::Unnamed(Index::from(place)),
                };
                Part { member, name, ty: field.ty.clone(), foreign, times, checks }
            })
            .collect();
        Self { kind, parts }
    }

    /// All parts, one after the other, as a `Shape`.
    pub(crate) fn shape(&self) -> TokenStream {
        let parts: Vec<_> = self.parts.iter().map(Part::shape).collect();
        let whole = quote!(::seam::__private::contract::Shape::EMPTY #(.and(#parts))*);
        match (self.kind, parts.first()) {
            // In JSON it is what it holds.
            (Kind::Newtype, Some(part)) => quote!(#whole.key_like(#part)),
            _ => whole,
        }
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

    /// The functions that encode and decode a struct of these parts; none for what has none.
    pub(crate) fn code(&self) -> TokenStream {
        if self.parts.is_empty() {
            return TokenStream::new();
        }
        let members = self.parts.iter().map(|Part { member, .. }| quote!(&self.#member));
        let write = self.write(members);
        let read = self.read_as(&quote!(Self));
        let check = self.parts.iter().map(|part| {
            let member = &part.member;
            part.check(&quote!(&self.#member), &self.way(part))
        });
        code(
            &quote!(#write ::core::result::Result::Ok(())),
            &quote!(::core::result::Result::Ok(#read)),
            &check.collect(),
        )
    }

    /// What an error passes that says that it is in a part; nothing where a part is the whole.
    fn way(&self, part: &Part) -> TokenStream {
        match &part.member {
            _ if self.kind == Kind::Newtype => TokenStream::new(),
            Member::Named(_) => {
                let name = &part.name;
                quote!(.map_err(|broken| broken.within(#name)))
            }
            Member::Unnamed(place) => {
                let place = place.index as usize;
                quote!(.map_err(|broken| broken.at(#place)))
            }
        }
    }

    /// The arm that looks at a variant of these parts, whose name in JSON is `name`; none where there
    /// is nothing to look at.
    pub(crate) fn check_arm(&self, variant: &Ident, name: &str) -> Option<TokenStream> {
        let looks = self.parts.iter().enumerate().filter_map(|(n, part)| {
            let (bound, member) = (format_ident!("part_{n}"), &part.member);
            let way = self.way(part);
            let way = quote!(#way.map_err(|broken| broken.within(#name)));
            let look = part.check(&bound.to_token_stream(), &way);
            (!look.is_empty()).then(|| (quote!(#member: #bound), look))
        });
        let (members, looks): (Vec<_>, Vec<_>) = looks.unzip();
        (!looks.is_empty()).then(|| quote!(Self::#variant { #(#members,)* .. } => { #(#looks)* }))
    }

    /// The arms that encode and decode a variant of these parts.
    pub(crate) fn arms(&self, place: u32, variant: &Ident) -> (TokenStream, TokenStream) {
        let bound: Vec<_> = (0..self.parts.len()).map(|n| format_ident!("part_{n}")).collect();
        let members = self.parts.iter().map(|part| &part.member);
        let write = self.write(bound.iter().map(ToTokens::to_token_stream));
        let read = self.read_as(&quote!(Self::#variant));
        let write =
            quote!(Self::#variant { #(#members: #bound),* } => { out.variant(#place); #write });
        (write, quote!(#place => #read))
    }

    /// Statements that encode all parts, by references to them.
    fn write(&self, values: impl Iterator<Item = TokenStream>) -> TokenStream {
        let parts = self.parts.iter().zip(values).map(|(part, value)| {
            let (ty, how) = (&part.ty, part.how());
            quote!(out.#how::<#ty>(#value)?;)
        });
        parts.collect()
    }

    /// A value that is decoded part after part.
    fn read_as(&self, path: &TokenStream) -> TokenStream {
        let parts = self.parts.iter().map(|part| {
            let (member, ty, how) = (&part.member, &part.ty, part.how());
            quote!(#member: from.#how::<#ty>()?)
        });
        quote!(#path { #(#parts),* })
    }

    /// Whether there are no parts.
    pub(crate) fn is_unit(&self) -> bool {
        self.kind == Kind::Unit
    }

    /// The types that have to be messages.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Type> {
        self.parts.iter().filter(|part| !part.foreign).map(|part| &part.ty)
    }
}

/// A `where` clause that every one of `types` is a message: a type that isn't is then told by the
/// trait's own words, on the user's token, and by nothing else.
pub(crate) fn messages<'a>(types: impl Iterator<Item = &'a Type>) -> Option<WhereClause> {
    all_are(types, |span| quote_spanned!(span=> ::seam::__private::contract::Message))
}

/// A `where` clause that every one of `types` has a trait, whose path is written at a span.
pub(crate) fn all_are<'a>(
    types: impl Iterator<Item = &'a Type>,
    path: impl Fn(Span) -> TokenStream,
) -> Option<WhereClause> {
    let predicates: Vec<WherePredicate> = types
        .map(|ty| {
            // As if written where the type is, and by the macro: the compiler's remark that such a
            // bound is trivial isn't for the user.
            let ty = respanned(ty.to_token_stream());
            let span = Span::mixed_site().located_at(ty.span());
            let path = path(span);
            parse_quote_spanned!(span=> #ty: #path)
        })
        .collect();
    (!predicates.is_empty()).then(|| parse_quote!(where #(#predicates),*))
}

/// The same tokens at the same place, as the macro's own.
fn respanned(tokens: TokenStream) -> TokenStream {
    let own = |span: Span| Span::mixed_site().located_at(span);
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), respanned(group.stream()));
                inner.set_span(own(group.span()));
                TokenTree::Group(inner)
            }
            // Its span says which crate is meant.
            TokenTree::Ident(ident) if ident == "$crate" => TokenTree::Ident(ident),
            mut other => {
                other.set_span(own(other.span()));
                other
            }
        })
        .collect()
}

/// The functions of a `Message` that encode it to `out` and decode it from `from`, and the one that
/// looks at what is in it, if there is anything to look at.
pub(crate) fn code(write: &TokenStream, read: &TokenStream, check: &TokenStream) -> TokenStream {
    let check = (!check.is_empty()).then(|| {
        quote! {
            #[inline]
            fn check(&self) -> ::core::result::Result<(), ::seam::__private::codec::check::Broken> {
                #check
                ::core::result::Result::Ok(())
            }
        }
    });
    quote! {
        #check


        #[inline]
        fn write_to<__S: ::seam::__private::codec::Sink>(
            &self,
            out: &mut ::seam::__private::codec::Writer<'_, __S>,
        ) -> ::core::result::Result<(), ::seam::__private::codec::Fault> {
            #write
        }

        #[inline]
        fn read_from(
            from: &mut ::seam::__private::codec::Reader<'_>,
        ) -> ::core::result::Result<Self, ::seam::__private::codec::Fault> {
            #read
        }
    }
}

impl Part {
    /// Statements that look at it, by a reference to it; none where nothing of it is constrained.
    fn check(&self, value: &TokenStream, way: &TokenStream) -> TokenStream {
        let ty = &self.ty;
        let own = self.checks.statements(ty, value, way);
        let within = (!self.foreign && !is_bare(ty)).then(|| {
            quote! {
                if <#ty as ::seam::__private::contract::Message>::SHAPE.checked {
                    <#ty as ::seam::__private::contract::Message>::check(#value)#way?;
                }
            }
        });
        quote!(#own #within)
    }

    /// The codec's function for it.
    fn how(&self) -> Ident {
        let name = if self.foreign { "foreign" } else { "value" };
        Ident::new(name, Span::call_site())
    }

    fn shape(&self) -> TokenStream {
        let ty = &self.ty;
        let constrained = self.checks.are_there().then(|| quote!(.constrained()));
        if self.foreign {
            // Nobody knows what it is in JSON.
            return quote!(::seam::__private::contract::Shape::text(1)#constrained);
        }
        let shape =
            quote_spanned!(ty.span()=> <#ty as ::seam::__private::contract::Message>::SHAPE);
        quote!(#shape #constrained)
    }

    /// The type whose schema stands for its layout.
    fn schema(&self) -> TokenStream {
        let ty = &self.ty;
        if self.times { times::schema(ty) } else { quote!(#ty) }
    }

    fn layout(&self) -> TokenStream {
        let (name, ty) = (&self.name, &self.ty);
        if self.foreign {
            let schema = self.schema();
            return quote!(out.foreign_field::<#schema>(#name););
        }
        quote!(out.field::<#ty>(#name);)
    }

    fn bare_layout(&self) -> TokenStream {
        let ty = &self.ty;
        if self.foreign {
            let schema = self.schema();
            return quote!(out.foreign_field::<#schema>(""););
        }
        quote!(<#ty as ::seam::__private::contract::Message>::layout(out);)
    }
}

/// What makes a byte string be copied at once, and not element by element: an attribute for a field
/// whose type is written `Vec<u8>`. What is encoded is the same.
pub(crate) fn at_once(ty: &Type) -> Option<Attribute> {
    let Type::Path(TypePath { qself: None, path }) = bare(ty) else { return None };
    let last = path.segments.last().filter(|last| last.ident == "Vec")?;
    let PathArguments::AngleBracketed(of) = &last.arguments else { return None };
    let Some(GenericArgument::Type(element)) = of.args.first() else { return None };
    let Type::Path(element) = bare(element) else { return None };
    let bytes = of.args.len() == 1 && element.path.is_ident("u8");
    // Not `with`, which schemars takes for a type.
    bytes.then(|| {
        parse_quote!(#[serde(
            serialize_with = "::seam::__private::codec::bytes::serialize",
            deserialize_with = "::seam::__private::codec::bytes::deserialize",
        )])
    })
}

/// The names that a message's fields or variants have in JSON so far.
#[derive(Default)]
pub(crate) struct JsonNames(Vec<(String, Ident)>);

impl JsonNames {
    /// Takes one's names, and says which of them another has.
    pub(crate) fn take(
        &mut self,
        ident: &Ident,
        names: impl IntoIterator<Item = String>,
        mistakes: &mut Mistakes,
    ) {
        for name in names {
            match self.0.iter().find(|(taken, _)| *taken == name) {
                Some((_, other)) => {
                    let text = format!(
                        "`{name}` is what `{other}` is called in JSON: rename this one, or give it \
                         another name there with `#[serde(rename = \"…\")]`"
                    );
                    mistakes.at(ident, text);
                }
                None => self.0.push((name, ident.clone())),
            }
        }
    }
}

/// A type without what only holds it together: `$t:ty` of a `macro_rules!` comes in an invisible
/// group.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

/// Whether a type is written by that name, with whatever path before it and arguments behind.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    let Type::Path(path) = bare(ty) else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == name)
}

/// Whether a type is written by that name, of one other: `Option<u8>`. Without it, the type is
/// somebody's own.
pub(crate) fn is_named_of(ty: &Type, name: &str) -> bool {
    let Type::Path(path) = bare(ty) else { return false };
    let last = path.path.segments.last().filter(|last| last.ident == name);
    last.is_some_and(|last| match &last.arguments {
        PathArguments::AngleBracketed(of) => of.args.len() == 1,
        _ => false,
    })
}

/// What `#[message(…)]` says of a field, or of an argument.
#[derive(Clone, Copy, Default)]
pub(crate) struct Marks {
    /// Its type has serde and schemars from elsewhere.
    pub(crate) foreign: bool,
    /// It isn't shown where messages are.
    pub(crate) secret: bool,
}

impl Marks {
    /// Takes it off the attributes.
    pub(crate) fn take(attrs: &mut Vec<Attribute>, mistakes: &mut Mistakes) -> Self {
        let mut marks = Self::default();
        for attr in attrs.extract_if(.., |attr| attr.path().is_ident("message")) {
            let read = attr.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match name.as_str() {
                    "foreign" => marks.foreign = true,
                    "secret" => marks.secret = true,
                    _ => return Err(meta.error(unknown("option", &name, &["foreign", "secret"]))),
                }
                Ok(())
            });
            mistakes.take(read);
        }
        marks
    }

    /// How the schema tells that it is a secret.
    pub(crate) fn secret() -> Attribute {
        parse_quote!(#[schemars(extend("x-seam-secret" = true))])
    }
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
    match bare(&ty.elem) {
        Type::Path(path) if path.path.is_ident("str") => "use `String`".to_owned(),
        Type::Slice(slice) => {
            let element = &slice.elem;
            format!("use `Vec<{}>`", quote!(#element))
        }
        owned => format!("use `{}`", quote!(#owned)),
    }
}
