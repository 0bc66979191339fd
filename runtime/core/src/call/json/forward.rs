//! What a deserializer hands on that only looks at what comes back.

/// All methods of a [`Deserializer`](serde::de::Deserializer) but those for structs and for what is
/// ignored: each asks `inner`, with the visitor put into another one.
macro_rules! forward {
    ($self:ident, $visitor:ident => $wrapped:expr) => {
        forward! {
            @each $self, $visitor => $wrapped;
            deserialize_any();
            deserialize_bool();
            deserialize_i8();
            deserialize_i16();
            deserialize_i32();
            deserialize_i64();
            deserialize_i128();
            deserialize_u8();
            deserialize_u16();
            deserialize_u32();
            deserialize_u64();
            deserialize_u128();
            deserialize_f32();
            deserialize_f64();
            deserialize_char();
            deserialize_str();
            deserialize_string();
            deserialize_bytes();
            deserialize_byte_buf();
            deserialize_option();
            deserialize_unit();
            deserialize_unit_struct(name: &'static str);
            deserialize_newtype_struct(name: &'static str);
            deserialize_seq();
            deserialize_tuple(len: usize);
            deserialize_tuple_struct(name: &'static str, len: usize);
            deserialize_map();
            deserialize_enum(name: &'static str, variants: &'static [&'static str]);
            deserialize_identifier();
        }
    };
    (
        @each $self:ident, $visitor:ident => $wrapped:expr;
        $($name:ident($($argument:ident: $type:ty),*);)*
    ) => {$(
        #[inline]
        fn $name<V: Visitor<'de>>(
            $self
            $(, $argument: $type)*,
            $visitor: V,
        ) -> Result<V::Value, D::Error> {
            $self.inner.$name($($argument,)* $wrapped)
        }
    )*};
}
