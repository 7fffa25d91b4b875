//! Ids: a prefix that says what it is and a UUIDv7 in Crockford base32 (TypeID 0.3), so that ids sort by time.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ENCODED_LENGTH: usize = 26;
/// Of a prefix and its underscore.
const PREFIX_LENGTH: usize = 4;
const NO_DIGIT: u8 = u8::MAX;
/// What each byte stands for as a digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// What every id can do; `PREFIX` is the part before the underscore.
pub trait Id: Copy + fmt::Display + FromStr<Err = NotAnId> {
    const PREFIX: &'static str;
    fn from_uuid(uuid: Uuid) -> Self;
}

/// What no id that is made at `at` or later sorts before, and all that were made a millisecond earlier do.
pub fn first_at<T: Id>(at: Timestamp) -> T {
    let ms = at.as_millisecond().max(0);
    T::from_uuid(Uuid::from_u64_pair(ms.cast_unsigned() << 16, 0))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for NotAnId {}

pub fn encode(uuid: Uuid) -> [u8; ENCODED_LENGTH] {
    let mut bits = uuid.as_u128();
    let mut text = [0; ENCODED_LENGTH];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    text
}

pub fn decode(text: &str) -> Option<Uuid> {
    // 26 digits hold 130 bits: a first digit over 7 would not fit.
    if text.len() != ENCODED_LENGTH || text.as_bytes()[0] > b'7' {
        return None;
    }
    let mut bits: u128 = 0;
    for digit in text.bytes() {
        let value = VALUES[usize::from(digit)];
        if value == NO_DIGIT {
            return None;
        }
        bits = (bits << 5) | u128::from(value);
    }
    Some(Uuid::from_u128(bits))
}

/// An id as text, without memory of its own: every row and every answer is full of them.
pub struct Text([u8; PREFIX_LENGTH + ENCODED_LENGTH]);

impl Text {
    pub fn of(prefix: [u8; PREFIX_LENGTH - 1], uuid: Uuid) -> Text {
        let mut bytes = [b'_'; PREFIX_LENGTH + ENCODED_LENGTH];
        bytes[..prefix.len()].copy_from_slice(&prefix);
        bytes[PREFIX_LENGTH..].copy_from_slice(&encode(uuid));
        Text(bytes)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an id is ASCII")
    }
}

/// Does not compile where a prefix has another length.
const fn letters(prefix: &str) -> [u8; PREFIX_LENGTH - 1] {
    match *prefix.as_bytes() {
        [one, two, three] => [one, two, three],
        _ => panic!("a prefix has three letters"),
    }
}

pub fn parse(text: &str, prefix: &str) -> Result<Uuid, NotAnId> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .and_then(decode)
        .ok_or(NotAnId)
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: uuid::Uuid) -> Self { $name(uuid) }
        }
        impl $name {
            fn text(self) -> Text { Text::of(const { letters($prefix) }, self.0) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.text().as_str()) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.text().as_str()) }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> { parse(text, $prefix).map($name) }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text().as_str())
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(|_| serde::de::Error::custom(
                    concat!("expected an id that starts with `", $prefix, "_`")))
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([concat!($prefix, "_01kab4bqf8e1ftz0c6hqp2v9xw")])
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
        impl From<$name> for $crate::hall::store::Value {
            fn from(id: $name) -> Self { $crate::hall::store::Value::Text(id.text().as_str().to_owned()) }
        }
        impl From<&$name> for $crate::hall::store::Value {
            fn from(id: &$name) -> Self { $crate::hall::store::Value::Text(id.text().as_str().to_owned()) }
        }
        impl $crate::hall::store::FromValue for $name {
            fn from_value(value: &$crate::hall::store::Value) -> Option<Self> {
                match value {
                    $crate::hall::store::Value::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }
        }
    )*
        /// The schema of each kind of id, by its name.
        pub fn schemas() -> Vec<(&'static str, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)> {
            vec![$((stringify!($name), <$name as utoipa::PartialSchema>::schema())),*]
        }
    };
}

ids! {
    TenantId "ten";
    VenueId "ven";
    StaffId "stf";
    DeviceId "dev";
    KeyId "key";
    SessionId "ses";
    CustomerId "cus";
    GroupId "grp";
    ImportId "imp";
    CategoryId "cat";
    ProductId "prd";
    ModifierGroupId "mgr";
    ModifierId "mod";
    TaxClassId "tax";
    DiscountId "dis";
    OrderId "ord";
    LineId "itm";
    OrderDiscountId "odi";
    CouponId "cpn";
    CouponBatchId "cbt";
    PaymentId "pay";
    RefundId "rfd";
    LedgerId "led";
    LotId "lot";
    AccrualRuleId "acr";
    PromotionId "prm";
    ParkedId "pkd";
    MigrationId "mig";
    RewardId "rwd";
    VoucherId "vch";
    TierId "tir";
    StreakId "stk";
    EventId "evt";
    AuditId "aud";
    JobRunId "run";
    RequestId "req";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = CustomerId::from_uuid(Uuid::from_u128(0x0190_1234_5678_7abc_8def_0123_4567_89ab));
        let text = id.to_string();
        assert!(text.starts_with("cus_") && text.len() == 30);
        assert_eq!(text.parse::<CustomerId>(), Ok(id));
        assert_eq!(text.parse::<OrderId>(), Err(NotAnId));
    }

    #[test]
    fn ids_of_an_instant_lie_between_its_first_and_the_next_ones() {
        let at = crate::hall::testing::noon();
        let (first, next) = (
            first_at::<AuditId>(at).to_string(),
            first_at::<AuditId>(at + jiff::SignedDuration::from_millis(1)).to_string(),
        );
        let entropy = crate::hall::secret::Entropy::seeded(1);
        for micros in [0, 1, 999] {
            let id: AuditId = entropy.id(at + jiff::SignedDuration::from_micros(micros));
            let id = id.to_string();
            assert!(first < id && id < next, "{first} {id} {next}");
        }
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in [
            "",
            "cus_",
            "cus_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "cus_0123",
            "cus_01kab4bqf8e1ftz0c6hqp2v9xu",
        ] {
            assert_eq!(text.parse::<CustomerId>(), Err(NotAnId), "{text}");
        }
    }
}
