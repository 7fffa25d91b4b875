//! JSON, strictly: what serde lets through is refused here, and what serde says is put into sentences.
//!
//! One pass over the raw bytes builds a tree and refuses repeated keys, deep nesting, long lists, NUL (which
//! PostgreSQL cannot store) and lone surrogates; the tree then becomes the command. Fields that no type takes
//! are refused even where a type forgot `deny_unknown_fields`.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Number, Value as Json};
use serde_path_to_error::Segment;
use sha2::{Digest, Sha256};

use super::exact::Exact;
use super::sentences::{Said, say};
use crate::hall::error::{Error, Field, Result};

const DEPTH_MAX: usize = 64;
const LIST_MAX: usize = 10_000;
/// As much of what a client sent as an answer repeats, in characters.
const ECHO_MAX: usize = 80;
/// Fields that one answer names; a body of a thousand misspelt fields is told of the first.
const FIELDS_MAX: usize = 20;

/// Reads one JSON document, or says where it is wrong.
pub(super) fn parse(bytes: &[u8]) -> Result<Json> {
    strict(bytes).map_err(|error| Error::Malformed(format!("The body cannot be read: {error}.")))
}

/// Reads one JSON document from elsewhere as strictly as a body.
pub fn strict(bytes: &[u8]) -> serde_json::Result<Json> {
    let mut source = serde_json::Deserializer::from_slice(bytes);
    Strict { depth: 0 }
        .deserialize(&mut source)
        .and_then(|json| source.end().map(|()| json))
}

/// SHA-256 of the document with sorted keys, no white space, and numbers in their shortest form.
pub(super) fn digest(json: &Json) -> [u8; 32] {
    let mut sha = Sha256::new();
    feed(&mut sha, json);
    sha.finalize().into()
}

fn feed(sha: &mut Sha256, json: &Json) {
    match json {
        Json::Array(items) => {
            sha.update(b"[");
            for item in items {
                feed(sha, item);
                sha.update(b",");
            }
            sha.update(b"]");
        }
        Json::Object(fields) => {
            // serde_json keeps keys sorted unless some crate asks it to keep their order instead.
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_unstable();
            sha.update(b"{");
            for key in keys {
                sha.update(Json::from(key.as_str()).to_string());
                sha.update(b":");
                feed(sha, &fields[key]);
                sha.update(b",");
            }
            sha.update(b"}");
        }
        leaf => sha.update(leaf.to_string()),
    }
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(&self) -> Result<Strict, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!(
                "it is nested more than {DEPTH_MAX} deep"
            )));
        }
        Ok(Strict {
            depth: self.depth + 1,
        })
    }
}

fn storable<E: de::Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom(
            "it holds the character NUL, which cannot be stored",
        ));
    }
    Ok(())
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Json, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        storable(value)?;
        Ok(Json::String(value.into()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Json, E> {
        storable(&value)?;
        Ok(Json::String(value))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let depth = self.deeper()?.depth;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Strict { depth })? {
            if items.len() == LIST_MAX {
                return Err(de::Error::custom(format_args!(
                    "a list has more than {LIST_MAX} items"
                )));
            }
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let depth = self.deeper()?.depth;
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            storable(&key)?;
            // serde_json would take what such a field holds for a document of its own.
            if key.starts_with("$serde_json::private") {
                return Err(de::Error::custom("there is a field that no command has"));
            }
            if fields.contains_key(&key) {
                let key = cut(&key);
                return Err(de::Error::custom(format_args!(
                    "the field `{key}` is there twice"
                )));
            }
            let value = map.next_value_seed(Strict { depth })?;
            fields.insert(key, value);
        }
        Ok(Json::Object(fields))
    }
}

/// Turns a document into a command; what does not fit is `Invalid` with a JSON pointer.
///
/// Below an internally tagged or untagged enum serde does not say where it was: there the pointer names the
/// enum, and the variants need their own `deny_unknown_fields`.
pub fn shape<T: DeserializeOwned>(json: &Json) -> Result<T> {
    read(Exact(json), &pointer)
}

/// Reads a `T`; `name` turns a path of keys and places into what `Field::pointer` shows.
pub(super) fn read<'de, T, D>(source: D, name: &dyn Fn(&[String]) -> String) -> Result<T>
where
    T: de::Deserialize<'de>,
    D: Deserializer<'de>,
{
    let mut track = serde_path_to_error::Track::new();
    let mut unknown = Vec::new();
    let tracked = serde_path_to_error::Deserializer::new(source, &mut track);
    let result = serde_ignored::deserialize(tracked, |path| {
        if unknown.len() < FIELDS_MAX {
            unknown.push(keys_of(&path));
        }
    });
    match result {
        Ok(value) if unknown.is_empty() => Ok(value),
        Ok(_) => Err(Error::Invalid(
            unknown
                .iter()
                .map(|keys| unwanted(name(keys), keys))
                .collect(),
        )),
        Err(error) => {
            let mut keys = places(&track.path());
            let Said {
                code,
                missing,
                sentence,
            } = say(&error.to_string());
            keys.extend(missing);
            Err(Error::Invalid(vec![Field::new(
                name(&keys),
                code,
                sentence,
            )]))
        }
    }
}

fn unwanted(pointer: String, keys: &[String]) -> Field {
    let name = keys.last().map(String::as_str).unwrap_or_default();
    Field::new(
        pointer,
        "unknown_field",
        format!("Remove `{}`: there is no such field here.", cut(name)),
    )
}

fn keys_of(path: &serde_ignored::Path<'_>) -> Vec<String> {
    use serde_ignored::Path;
    match path {
        Path::Root => Vec::new(),
        Path::Seq { parent, index } => [keys_of(parent), vec![index.to_string()]].concat(),
        Path::Map { parent, key } => [keys_of(parent), vec![key.clone()]].concat(),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => keys_of(parent),
    }
}

fn places(path: &serde_path_to_error::Path) -> Vec<String> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        })
        .collect()
}

fn pointer(keys: &[String]) -> String {
    keys.iter()
        .map(|key| format!("/{}", cut(key).replace('~', "~0").replace('/', "~1")))
        .collect()
}

pub(super) fn cut(text: &str) -> &str {
    text.char_indices()
        .nth(ECHO_MAX)
        .map_or(text, |(end, _)| &text[..end])
}
