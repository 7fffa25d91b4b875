//! The two kinds of bound that a window is made of, as they are written on the wire.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A wall-clock time to the minute, written `"22:00"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// When a business day starts unless the venue says otherwise.
    pub const FIVE: Self = Self { minutes: 5 * 60 };

    pub const fn new(hour: u8, minute: u8) -> Result<Self, BadTime> {
        if hour > 23 || minute > 59 {
            return Err(BadTime::NotATime);
        }
        Ok(Self {
            minutes: hour as u16 * 60 + minute as u16,
        })
    }

    pub fn seconds(self) -> i32 {
        i32::from(self.minutes) * 60
    }
}

/// Days of the week as a set, 0 = Sunday; the empty set means every day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DaysOfWeek(u8);

impl DaysOfWeek {
    pub const EVERY_DAY: Self = Self(0);

    pub fn new(days: &[u8]) -> Result<Self, BadTime> {
        let mut set = 0;
        for &day in days {
            if day > 6 {
                return Err(BadTime::NotADay);
            }
            set |= 1 << day;
        }
        Ok(Self(set))
    }

    pub fn is_every_day(self) -> bool {
        self.0 == 0
    }

    pub fn admits(self, day: u8) -> bool {
        self.0 == 0 || self.0 & (1 << day) != 0
    }

    /// The days that are named, Sunday first.
    pub fn named(self) -> impl Iterator<Item = u8> {
        (0..7).filter(move |day| self.0 & (1 << day) != 0)
    }
}

impl Serialize for DaysOfWeek {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.named())
    }
}

impl<'de> Deserialize<'de> for DaysOfWeek {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(&Vec::<u8>::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

/// An instant, or a bare date that means the venue's business day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    Instant(Timestamp),
    Day(Date),
}

/// Why a text is no bound of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTime {
    NotATime,
    NotABound,
    NotADay,
}

impl fmt::Display for BadTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotATime => "write a time of day as 22:00",
            Self::NotADay => "write a day of the week as 0 for Sunday to 6 for Saturday",
            Self::NotABound => "write a date as 2026-06-30, or an instant as 2026-06-30T18:00:00Z",
        })
    }
}

impl std::error::Error for BadTime {}

impl FromStr for TimeOfDay {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        let (hour, minute) = text.split_once(':').ok_or(BadTime::NotATime)?;
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(hour) || !digits(minute) {
            return Err(BadTime::NotATime);
        }
        let number = |part: &str| part.parse().map_err(|_| BadTime::NotATime);
        Self::new(number(hour)?, number(minute)?)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Bound {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        if text.contains('T') {
            return text
                .parse()
                .map(Self::Instant)
                .map_err(|_| BadTime::NotABound);
        }
        text.parse().map(Self::Day).map_err(|_| BadTime::NotABound)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant(instant) => instant.fmt(out),
            Self::Day(day) => day.fmt(out),
        }
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
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

as_text!(TimeOfDay Bound);
