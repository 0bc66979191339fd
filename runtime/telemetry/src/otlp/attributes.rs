//! What all three have in common: resources, and attributes with their values.

use super::proto::Message;

/// Whose spans, metrics and lines they are: `service.namespace`, `service.instance.id`.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The app.
    pub(super) app: String,
    /// The unit, or its instance.
    pub(super) unit: String,
}

/// The value of an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(i64),
    Real(f64),
    Flag(bool),
}

impl Origin {
    /// Writes a `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`: a service's resource, and in it what
    /// `write` writes into its only scope.
    pub(super) fn resource(
        &self,
        request: &mut Message,
        (unit, service): (&str, &str),
        write: impl FnOnce(&mut Message),
    ) {
        request.message(1, |resource_of| {
            resource_of.message(1, |resource| {
                attribute(resource, 1, "service.name", Value::Text(service));
                attribute(resource, 1, "service.namespace", Value::Text(&self.app));
                attribute(resource, 1, "service.instance.id", Value::Text(unit));
            });
            resource_of.message(2, |scope_of| {
                scope_of.message(1, |scope| {
                    scope.text(1, "seam");
                    scope.text(2, env!("CARGO_PKG_VERSION"));
                });
                write(scope_of);
            });
        });
    }
}

/// Writes a `KeyValue` as a field of a message.
pub(super) fn attribute(message: &mut Message, field: u32, key: &str, value: Value<'_>) {
    message.message(field, |pair| {
        pair.text(1, key);
        pair.message(2, |any| any_value(any, value));
    });
}

/// Writes an `AnyValue`'s only field.
pub(super) fn any_value(any: &mut Message, value: Value<'_>) {
    match value {
        Value::Text(text) => any.text_choice(1, text),
        Value::Flag(flag) => any.choice(2, u64::from(flag)),
        Value::Number(number) => any.choice(3, number.cast_unsigned()),
        Value::Real(real) => any.fixed(4, real),
    }
}

/// The bytes of an id in hexadecimal digits; none if it isn't one of so many, or is all zeros.
pub(super) fn id<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut id = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    (id != [0; N]).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_so_many_digits() {
        assert_eq!(id::<2>("0aFf"), Some([0x0a, 0xff]));
        for wrong in ["", "0aff0", "0aff00", "0a+f", "0000", "0aä"] {
            assert_eq!(id::<2>(wrong), None, "{wrong}");
        }
    }
}
