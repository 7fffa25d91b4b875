//! The three types that both stores share, and rows of them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::hall::error::{Error, Result};
use crate::hall::time::from_micros;

/// What a column or a parameter holds: `bigint`, `text` or `bytea`, or nothing.
///
/// It may be anybody's email or hash, so no log shows it, not even the driver's own: its `Debug` says nothing, but to
/// [`show_values`].
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

static SHOWN: AtomicBool = AtomicBool::new(false);

/// From now on this process shows values: for the benches, which run the statements of a trace again.
#[cfg(any(test, feature = "testing"))]
pub fn show_values() {
    SHOWN.store(true, Ordering::Relaxed);
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !SHOWN.load(Ordering::Relaxed) {
            return f.write_str("…");
        }
        match self {
            Value::Null => f.write_str("Null"),
            Value::Int(n) => f.debug_tuple("Int").field(n).finish(),
            Value::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Value::Bytes(bytes) => f.debug_tuple("Bytes").field(bytes).finish(),
        }
    }
}

macro_rules! into_value {
    ($($from:ty => $variant:ident($convert:expr);)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Value {
                let convert: fn($from) -> _ = $convert;
                Value::$variant(convert(value))
            }
        }
    )*};
}

into_value! {
    i64 => Int(|n| n);
    i32 => Int(i64::from);
    u32 => Int(i64::from);
    String => Text(|text| text);
    &String => Text(String::clone);
    &str => Text(str::to_owned);
    Vec<u8> => Bytes(|bytes| bytes);
    &[u8] => Bytes(<[u8]>::to_vec);
    [u8; 32] => Bytes(|bytes| bytes.to_vec());
    Timestamp => Int(Timestamp::as_microsecond);
    jiff::civil::Date => Text(|date| date.to_string());
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl<T: Clone + Into<Value>> From<&Option<T>> for Value {
    fn from(value: &Option<T>) -> Value {
        value.clone().map_or(Value::Null, Into::into)
    }
}

/// What a column can be read as.
pub trait FromValue: Sized {
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<i64> {
        if let Value::Int(n) = value {
            Some(*n)
        } else {
            None
        }
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Option<u32> {
        i64::from_value(value).and_then(|n| n.try_into().ok())
    }
}

impl FromValue for i32 {
    fn from_value(value: &Value) -> Option<i32> {
        i64::from_value(value).and_then(|n| n.try_into().ok())
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<String> {
        if let Value::Text(text) = value {
            Some(text.clone())
        } else {
            None
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Vec<u8>> {
        if let Value::Bytes(bytes) = value {
            Some(bytes.clone())
        } else {
            None
        }
    }
}

impl FromValue for [u8; 32] {
    fn from_value(value: &Value) -> Option<[u8; 32]> {
        if let Value::Bytes(bytes) = value {
            bytes.as_slice().try_into().ok()
        } else {
            None
        }
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Option<Timestamp> {
        i64::from_value(value).map(from_micros)
    }
}

impl FromValue for jiff::civil::Date {
    fn from_value(value: &Value) -> Option<jiff::civil::Date> {
        if let Value::Text(text) = value {
            text.parse().ok()
        } else {
            None
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Option<T>> {
        if *value == Value::Null {
            Some(None)
        } else {
            T::from_value(value).map(Some)
        }
    }
}

/// One row, its columns by their place in the `select`.
#[derive(Debug, Clone)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    /// The column at `place`, from 0. A column of another type is a bug of the statement.
    #[track_caller]
    pub fn get<T: FromValue>(&self, place: usize) -> Result<T> {
        let read = self.0.get(place).and_then(T::from_value);
        read.ok_or_else(|| {
            Error::bug(UnexpectedColumn {
                place,
                wanted: std::any::type_name::<T>(),
            })
        })
    }

    /// A column that holds JSON as text.
    #[track_caller]
    pub fn json<T: serde::de::DeserializeOwned>(&self, place: usize) -> Result<T> {
        serde_json::from_str(&self.get::<String>(place)?).map_err(Error::bug)
    }

    /// A column that holds one word of a closed set.
    #[track_caller]
    pub fn word<T: serde::de::DeserializeOwned>(&self, place: usize) -> Result<T> {
        from_word(&self.get::<String>(place)?)
    }

    pub fn values(&self) -> &[Value] {
        &self.0
    }
}

#[derive(Debug)]
struct UnexpectedColumn {
    place: usize,
    wanted: &'static str,
}

impl fmt::Display for UnexpectedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} is not a {}", self.place, self.wanted)
    }
}

impl std::error::Error for UnexpectedColumn {}

/// The stored text of a structure.
#[track_caller]
pub fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::bug)
}

/// The stored word of a closed set's member: as the API spells it.
#[track_caller]
pub fn word<T: serde::Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value).map_err(Error::bug)? {
        serde_json::Value::String(word) => Ok(word),
        _ => Err(Error::bug("a word was expected")),
    }
}

#[track_caller]
pub fn from_word<T: serde::de::DeserializeOwned>(word: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(word.into())).map_err(Error::bug)
}

/// The parameters of a statement after `$1`, which is the tenant and bound by `Tx` itself.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::hall::store::Value::from($value)),*]
    };
}
