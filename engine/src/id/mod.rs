//! Names of things that the engine only compares: strings of the caller's own.

mod text;

use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use text::Text;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Text);

        impl $name {
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// Sorts and compares as the text does, without a look at whether it is one.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.as_str().into())
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), out)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(AsText).map(Self)
            }
        }
    )*};
}

/// Takes a text as it comes, without one of its own.
struct AsText;

impl Visitor<'_> for AsText {
    type Value = Text;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(text.into())
    }
}

ids! {
    OrderId;
    /// A line of an order.
    LineId;
    /// What a catalogue sells.
    ProductId;
    CategoryId;
    ModifierId;
    ModifierGroupId;
    /// A published discount rule.
    DiscountId;
    /// One appearance of a rule on one order: unique among the candidates of an evaluation.
    CandidateId;
    CustomerId;
    GroupId;
    SegmentId;
    ExperimentId;
    /// Points of one earn, with their own expiry.
    LotId;
    /// A loyalty rule or promotion, as the explanation of points names it.
    RuleId;
}
