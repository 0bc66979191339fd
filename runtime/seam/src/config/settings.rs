//! A service's own table, read into the service's own type.

use std::{fmt::Display, sync::Arc};

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess,
        SeqAccess, VariantAccess, Visitor,
    },
    forward_to_deserialize_any,
};

use super::{
    env::loose,
    origin::Origin,
    problem::{Problem, nearest},
    tree::{Entry, Kind, Node, Table},
    value::{FromNode, elements, typed},
};

/// How many keys of a table are respelled at most: more than any has.
const RESPELLINGS: usize = 1_000;

/// `[services.NAME.config]` as written, with the origin of every key.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The dotted name of the table.
    pub(super) path: String,
    /// Its header.
    pub(super) origin: Origin,
    pub(super) table: Table,
}

impl Settings {
    /// Reads the table into a type, usually an actor's `Config`. Unknown keys are refused even
    /// without `deny_unknown_fields`.
    ///
    /// # Errors
    /// Names the line of the key that doesn't fit; for a missing key, the line of the table.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.try_read().map_err(|misfit| self.problem(misfit))
    }

    /// Whether the table fits a type; what a [`Catalogue`](super::Catalogue) keeps per service. What
    /// variables have set is spelled as the type's fields are: `MAX_SIZE` becomes `maxSize`.
    pub(super) fn settle<T: DeserializeOwned>(&mut self) -> Result<(), Problem> {
        let mut read = self.try_read::<T>();
        for _ in 0..RESPELLINGS {
            let Err(Misfit { respelled: Some(respelled), .. }) = &read else { break };
            if !respelled.apply(&mut self.table) {
                break;
            }
            read = self.try_read::<T>();
        }
        read.map(drop).map_err(|misfit| self.problem(misfit))
    }

    fn try_read<T: DeserializeOwned>(&self) -> Result<T, Misfit> {
        let node = Node { origin: self.origin.clone(), kind: Kind::Table(self.table.clone()) };
        T::deserialize(Value { node: &node, key: None })
    }

    fn problem(&self, misfit: Misfit) -> Problem {
        let path = &self.path;
        let inside = format!("see [{path}] and the type that it is read into");
        let fix = misfit.fix.unwrap_or(inside);
        let reason = match misfit.key {
            Some(key) => format!("[{path}] `{key}`: {}", misfit.reason),
            None => format!("[{path}]: {}", misfit.reason),
        };
        Problem::new(&misfit.origin.unwrap_or_default(), reason, fix)
    }
}

/// A key that a variable has made, and how the type spells it.
#[derive(Debug)]
struct Respelled {
    variable: Arc<str>,
    key: String,
    field: &'static str,
}

impl Respelled {
    /// Renames the key, once; whether it was there.
    fn apply(&self, table: &mut Table) -> bool {
        let is = |entry: &Entry| {
            let from = matches!(&entry.origin, Origin::Env(name) if *name == self.variable);
            from && entry.key == self.key
        };
        if let Some(entry) = table.entries.iter_mut().find(|entry| is(entry)) {
            entry.key = self.field.into();
            return true;
        }
        table.entries.iter_mut().any(|entry| match &mut entry.node.kind {
            Kind::Table(table) => self.apply(table),
            _ => false,
        })
    }
}

/// What a type's `Deserialize` has against a value, and the innermost value that it is about.
#[derive(Debug)]
struct Misfit {
    reason: String,
    fix: Option<String>,
    key: Option<String>,
    origin: Option<Origin>,
    /// It is a variable's, and the type has a field that is alike.
    respelled: Option<Box<Respelled>>,
}

impl Misfit {
    fn plain(reason: String) -> Self {
        Self { reason, fix: None, key: None, origin: None, respelled: None }
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Misfit {}

impl serde::de::Error for Misfit {
    fn custom<T: Display>(reason: T) -> Self {
        Self::plain(reason.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        let fix = Some(format!("add `{field} = …` to the table"));
        Self { fix, ..Self::plain(format!("the key `{field}` is missing")) }
    }
}

/// A node on its way into a type.
#[derive(Clone, Copy)]
struct Value<'a> {
    node: &'a Node,
    key: Option<&'a str>,
}

impl<'a> Value<'a> {
    /// Adds the place to an error from inside, unless a deeper value has done so.
    fn place<T>(self, result: Result<T, Misfit>) -> Result<T, Misfit> {
        result.map_err(|mut error| {
            if error.origin.is_none() {
                error.origin = Some(self.node.origin.clone());
                error.key = self.key.map(String::from);
                let filled =
                    matches!(&self.node.kind, Kind::Text { value, shown } if value != shown);
                if filled || self.node.origin.is_secret() {
                    // serde's message quotes the value, which may be a secret.
                    error.reason = "the variable's text doesn't fit".into();
                }
            }
            error
        })
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match &self.node.kind {
            Kind::Text { .. } | Kind::Raw(_) => {
                let text = String::from_node(self.node).unwrap_or_default();
                self.place(visitor.visit_string(text))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    /// A variable's text may be a list with commas.
    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match &self.node.kind {
            Kind::Raw(text) => {
                let nodes = elements(text, &self.node.origin);
                self.place(visitor.visit_seq(Elements(nodes.iter())))
            }
            _ => self.deserialize_any(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let result = match &self.node.kind {
            Kind::Text { value, .. } => visitor.visit_string(value.clone()),
            Kind::Integer(number) => visitor.visit_i64(*number),
            Kind::Float(number) => visitor.visit_f64(*number),
            Kind::Boolean(value) => visitor.visit_bool(*value),
            Kind::Datetime(text) => visitor.visit_str(text),
            Kind::List(nodes) => visitor.visit_seq(Elements(nodes.iter())),
            Kind::Table(table) => visitor.visit_map(Entries::new(table)),
            Kind::Raw(text) => match typed(self.node) {
                Some(node) => {
                    return Value { node: &node, key: self.key }.deserialize_any(visitor);
                }
                None => visitor.visit_string(text.clone()),
            },
        };
        self.place(result)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.list(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    /// `type Config = ()`: a service without keys.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.refuse_unknown(&[])?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.refuse_unknown(fields)?;
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let result = match &self.node.kind {
            Kind::Text { .. } | Kind::Raw(_) => {
                let name = String::from_node(self.node).unwrap_or_default();
                if !variants.contains(&name.as_str()) {
                    let reason = format!("{} is none of its values", self.node.describe());
                    let fix = Some(nearest(&name, variants.iter().copied()));
                    return self.place(Err(Misfit { fix, ..Misfit::plain(reason) }));
                }
                visitor.visit_enum(name.into_deserializer())
            }
            Kind::Table(Table { entries }) if entries.len() == 1 => {
                visitor.visit_enum(Variant(&entries[0]))
            }
            _ => Err(Misfit::plain(format!(
                "expected the name of a variant, found {}",
                self.node.describe()
            ))),
        };
        self.place(result)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 bytes byte_buf map
        ignored_any
    }
}

impl Value<'_> {
    /// Refuses the keys of a table that a struct has no field for.
    fn refuse_unknown(self, fields: &'static [&'static str]) -> Result<(), Misfit> {
        let Some(table) = self.node.table() else { return Ok(()) };
        match table.entries.iter().find(|entry| !fields.contains(&entry.key.as_str())) {
            None => Ok(()),
            Some(entry) => Err(Misfit {
                fix: Some(nearest(&entry.key, fields.iter().copied())),
                origin: Some(entry.origin.clone()),
                respelled: respelled(entry, table, fields),
                ..Misfit::plain(format!("unknown key `{}`", entry.key))
            }),
        }
    }
}

/// A field that a variable's key stands for, if the table has no such key yet.
fn respelled(
    entry: &Entry,
    table: &Table,
    fields: &'static [&'static str],
) -> Option<Box<Respelled>> {
    let Origin::Env(variable) = &entry.origin else { return None };
    let alike = |field: &&&str| loose(field) == loose(&entry.key);
    let field = fields.iter().copied().find(|field| alike(&field))?;
    let free = table.entry(field).is_none();
    let respelled = || Respelled { variable: Arc::clone(variable), key: entry.key.clone(), field };
    free.then(|| Box::new(respelled()))
}

struct Elements<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        self.0.next().map(|node| seed.deserialize(Value { node, key: None })).transpose()
    }
}

struct Entries<'a> {
    rest: std::slice::Iter<'a, Entry>,
    value: Option<&'a Entry>,
}

impl<'a> Entries<'a> {
    fn new(table: &'a Table) -> Self {
        Self { rest: table.entries.iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        self.value = self.rest.next();
        let key = |entry: &Entry| seed.deserialize(entry.key.as_str().into_deserializer());
        self.value.map(key).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let entry = self.value.take().ok_or_else(|| Misfit::custom("a value without its key"))?;
        seed.deserialize(Value { node: &entry.node, key: Some(&entry.key) })
    }
}

/// `{ variant = content }`.
struct Variant<'a>(&'a Entry);

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Misfit;
    type Variant = Value<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Value<'a>), Misfit> {
        let name = seed.deserialize(self.0.key.as_str().into_deserializer());
        let name =
            name.map_err(|error: Misfit| Misfit { origin: Some(self.0.origin.clone()), ..error })?;
        Ok((name, Value { node: &self.0.node, key: Some(&self.0.key) }))
    }
}

impl<'de> VariantAccess<'de> for Value<'_> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        self.place(Err(Misfit::plain("this variant has no content: write its name alone".into())))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_struct("", fields, visitor)
    }
}
