//! What is left out in JSON: absent `Patch` fields, and empty `Option`s where `#[json(skip_if_none)]`
//! says so. The codec writes them all the same.

use syn::{Attribute, Type, parse_quote};

use crate::diagnostic::{Mistakes, unknown};
use crate::encoding::is_named_of;

/// Takes `#[json(skip_if_none)]` off an item or a field; says whether it was there.
pub(crate) fn take_skip_if_none(attrs: &mut Vec<Attribute>, mistakes: &mut Mistakes) -> bool {
    let mut skip = false;
    for attr in attrs.extract_if(.., |attr| attr.path().is_ident("json")) {
        let read = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip_if_none") {
                skip = true;
                return Ok(());
            }
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            Err(meta.error(unknown("option", &name, &["skip_if_none"])))
        });
        mistakes.take(read);
    }
    skip
}

/// What serde is told of a field: when it is left out, and that it may be. `all` is what the whole
/// message says, `own` the field.
pub(crate) fn left_out(
    ty: &Type,
    all: bool,
    own: bool,
    has_default: bool,
    mistakes: &mut Mistakes,
) -> Option<Attribute> {
    let option = is_named_of(ty, "Option");
    let when = if is_named_of(ty, "Patch") {
        "::seam::Patch::is_absent"
    } else if option && (all || own) {
        "::core::option::Option::is_none"
    } else {
        if own {
            let text = "only an `Option` can be left out: write `Option<…>`, or `Patch<…>` where null \
                        means something else than absent";
            mistakes.at(ty, text);
        }
        return None;
    };
    // An `Option` may be missing as it is.
    Some(if option || has_default {
        parse_quote!(#[serde(skip_serializing_if = #when)])
    } else {
        parse_quote!(#[serde(default, skip_serializing_if = #when)])
    })
}
