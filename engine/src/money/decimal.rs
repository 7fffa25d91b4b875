//! Decimals that are not money: exact, bounded, strings on the wire. A float never takes part.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not the decimal that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadDecimal {
    NotANumber,
    TooManyPlaces { places_max: u8 },
    OutOfRange,
}

impl fmt::Display for BadDecimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => {
                out.write_str("write digits, with a point if need be, like \"12.5\"")
            }
            Self::TooManyPlaces { places_max } => {
                write!(out, "at most {places_max} digits after the point")
            }
            Self::OutOfRange => out.write_str("the number is too small or too large"),
        }
    }
}

impl std::error::Error for BadDecimal {}

macro_rules! decimals {
    ($($(#[$doc:meta])* $name:ident, places $places:literal, $least:literal to $most:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// How many of the smallest step make 1.
            pub const SCALE: i64 = 10_i64.pow($places);

            /// From a count of the smallest step.
            pub fn from_scaled(scaled: i64) -> Result<Self, BadDecimal> {
                if ($least..=$most).contains(&scaled) { Ok(Self(scaled)) } else { Err(BadDecimal::OutOfRange) }
            }

            /// The count of the smallest step.
            pub const fn scaled(self) -> i64 {
                self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadDecimal;

            fn from_str(text: &str) -> Result<Self, BadDecimal> {
                parsed(text, $places).and_then(Self::from_scaled)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                written(self.0, Self::SCALE, $places, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

decimals! {
    /// A percentage from 0 to 100 with two places; `scaled` is basis points.
    Percent, places 2, 0 to 10_000;
    /// How much of something is sold, with three places: `"1.5"`.
    Quantity, places 3, 1 to 100_000_000;
    /// A tax rate in percent with three places: `"8.875"`.
    Rate, places 3, 0 to 100_000;
    /// What earned points are multiplied by, with two places: `"1.5"`.
    Multiplier, places 2, 0 to 100_000;
    /// Points for one major unit of money, for one item or for one visit, with two places.
    PointsPerUnit, places 2, 0 to 100_000_000;
    /// What one point takes off, in major units of money with four places: `"0.01"`.
    PointValue, places 4, 0 to 10_000_000;
}

impl Percent {
    pub const HUNDRED: Self = Self(10_000);
}

impl Quantity {
    pub const ONE: Self = Self(Self::SCALE);

    pub const fn whole(units: u32) -> Result<Self, BadDecimal> {
        if units == 0 || units > 100_000 {
            return Err(BadDecimal::OutOfRange);
        }
        Ok(Self(units as i64 * Self::SCALE))
    }

    /// A fractional line is one unit, whatever its size.
    pub const fn units(self) -> i64 {
        if self.0 % Self::SCALE == 0 {
            self.0 / Self::SCALE
        } else {
            1
        }
    }

    /// The size of each of its units, in thousandths.
    pub const fn unit_size(self) -> i64 {
        if self.0 % Self::SCALE == 0 {
            Self::SCALE
        } else {
            self.0
        }
    }
}

impl Rate {
    pub const ZERO: Self = Self(0);
}

impl Multiplier {
    pub const ONE: Self = Self(Self::SCALE);
}

fn parsed(text: &str, places: u8) -> Result<i64, BadDecimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(BadDecimal::NotANumber);
    }
    if fraction.len() > usize::from(places) && text.contains('.') {
        return Err(BadDecimal::TooManyPlaces { places_max: places });
    }
    let mut scaled: i64 = whole.parse().map_err(|_| BadDecimal::OutOfRange)?;
    let mut rest = fraction.bytes().map(|byte| i64::from(byte - b'0'));
    for _ in 0..places {
        let next = rest.next().unwrap_or(0);
        scaled = scaled
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(next))
            .ok_or(BadDecimal::OutOfRange)?;
    }
    Ok(scaled)
}

fn written(scaled: i64, scale: i64, places: usize, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (whole, fraction) = (scaled / scale, scaled % scale);
    if fraction == 0 {
        return write!(out, "{whole}");
    }
    let digits = format!("{fraction:0places$}");
    write!(out, "{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_steps_and_texts_again() {
        for (text, scaled, again) in [
            ("8.875", 8_875, "8.875"),
            ("25", 25_000, "25"),
            ("0.5", 500, "0.5"),
            ("12.50", 12_500, "12.5"),
        ] {
            let rate: Rate = text.parse().expect("well formed");
            assert_eq!((rate.scaled(), rate.to_string().as_str()), (scaled, again));
        }
        assert_eq!("100.00".parse(), Ok(Percent::HUNDRED));
        assert_eq!(
            "0.0001".parse::<PointValue>().map(PointValue::scaled),
            Ok(1)
        );
    }

    #[test]
    fn bad_texts_are_refused_with_a_reason() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e2", "1,5", " 1", "1 ", "0x1", "1.2.3", "١", "NaN",
        ] {
            assert_eq!(
                text.parse::<Percent>(),
                Err(BadDecimal::NotANumber),
                "{text:?}"
            );
        }
        assert_eq!(
            "1.255".parse::<Percent>(),
            Err(BadDecimal::TooManyPlaces { places_max: 2 })
        );
        for text in ["100.01", "99999999999999999999", "9223372036854775807"] {
            assert_eq!(
                text.parse::<Percent>(),
                Err(BadDecimal::OutOfRange),
                "{text}"
            );
        }
        assert_eq!("0".parse::<Quantity>(), Err(BadDecimal::OutOfRange));
        assert!(
            serde_json::from_str::<Percent>("12.5").is_err(),
            "a float is no decimal"
        );
        assert_eq!(
            serde_json::from_str::<Percent>("\"12.5\"")
                .expect("a string is")
                .scaled(),
            1_250
        );
    }

    #[test]
    fn a_fractional_quantity_is_one_unit() {
        for (text, units, unit_size) in [
            ("3", 3, 1_000),
            ("1.5", 1, 1_500),
            ("0.25", 1, 250),
            ("2.000", 2, 1_000),
        ] {
            let quantity: Quantity = text.parse().expect("well formed");
            assert_eq!(
                (quantity.units(), quantity.unit_size()),
                (units, unit_size),
                "{text}"
            );
        }
    }
}
