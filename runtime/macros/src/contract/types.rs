//! Types of arguments and answers: owned, named, and no `Self`.

use syn::visit::{self, Visit};
use syn::{GenericArgument, PathArguments, Type};

use crate::diagnostic::Mistakes;
use crate::encoding::{bare, instead_of};

/// Refuses what can't be moved into a call; `verb` is what one does with the type instead.
pub(super) fn check_type(ty: &Type, verb: &'static str, mistakes: &mut Mistakes) {
    Owned { verb, mistakes }.visit_type(ty);
}

struct Owned<'a> {
    verb: &'static str,
    mistakes: &'a mut Mistakes,
}

impl<'ast> Visit<'ast> for Owned<'_> {
    fn visit_type_reference(&mut self, ty: &'ast syn::TypeReference) {
        let instead = instead_of(ty);
        let instead = instead.strip_prefix("use ").unwrap_or(&instead);
        let text = format!(
            "a call owns what it carries, it may cross to another process: {} {instead}",
            self.verb
        );
        self.mistakes.at(ty, text);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        let text = format!("a call owns what it carries: {} an owned type", self.verb);
        self.mistakes.at(lifetime, text);
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        let text = format!("a caller elsewhere has to know the type: {} a named one", self.verb);
        self.mistakes.at(ty, text);
    }

    fn visit_type_trait_object(&mut self, ty: &'ast syn::TypeTraitObject) {
        let text = format!("a trait object can't be encoded: {} a struct or an enum", self.verb);
        self.mistakes.at(ty, text);
    }

    fn visit_type_infer(&mut self, ty: &'ast syn::TypeInfer) {
        self.mistakes.at(ty, "a contract names its types: write this one out");
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first().filter(|first| first.ident == "Self") {
            let text = format!("a service can't be sent: {} a message", self.verb);
            self.mistakes.at(&first.ident, text);
        }
        visit::visit_path(self, path);
    }
}

/// The two types of a `Result`; `None` if it is something else.
pub(super) fn result_of(ty: &Type) -> syn::Result<Option<(&Type, &Type)>> {
    let Type::Path(path) = bare(ty) else { return Ok(None) };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else {
        return Ok(None);
    };
    if last.arguments.is_none() {
        // Somebody's own type of that name.
        return Ok(None);
    }
    if let PathArguments::AngleBracketed(arguments) = &last.arguments {
        let mut types = arguments.args.iter().filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        });
        if let (Some(answer), Some(error), None) = (types.next(), types.next(), types.next()) {
            return Ok(Some((answer, error)));
        }
    }
    let text = "write both types out, `Result<Answer, Error>`: the contract has to show its error";
    Err(syn::Error::new_spanned(ty, text))
}
