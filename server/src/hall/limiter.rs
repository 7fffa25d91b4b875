//! How often something open to everybody may be asked: so many times in each minute, by address.
//!
//! Counted in this process: behind several, each allows as much. What must hold to the letter (a PIN, a sign-in)
//! counts its tries in the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

const WINDOW_SECONDS: i64 = 60;
/// Bound of what is remembered; past it those whose minute is over are forgotten, then everybody.
const REMEMBERED_MAX: usize = 100_000;

pub struct Limiter {
    per_minute: u32,
    seen: Mutex<HashMap<String, Minute>>,
}

/// When somebody's minute began, and how often they asked in it.
struct Minute {
    began: Timestamp,
    asked: u32,
}

/// What one is told of the limit, with every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    limit: u32,
    left: u32,
    /// Until the next minute begins.
    seconds: i64,
    is_over: bool,
}

impl Limiter {
    pub fn per_minute(per_minute: u32) -> Limiter {
        Limiter {
            per_minute,
            seen: Mutex::default(),
        }
    }

    /// Counts one more by `who`.
    pub fn ask(&self, who: &str, now: Timestamp) -> Allowance {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED_MAX {
            seen.retain(|_, minute| minute.left(now) > 0);
            if seen.len() >= REMEMBERED_MAX {
                seen.clear();
            }
        }
        let minute = seen.entry(who.to_owned()).or_insert(Minute {
            began: now,
            asked: 0,
        });
        if minute.left(now) <= 0 {
            *minute = Minute {
                began: now,
                asked: 0,
            };
        }
        minute.asked = minute.asked.saturating_add(1);
        Allowance {
            limit: self.per_minute,
            left: self.per_minute.saturating_sub(minute.asked),
            seconds: minute.left(now),
            is_over: minute.asked > self.per_minute,
        }
    }
}

impl Minute {
    /// Seconds until it is over; none where the clock was set back behind it.
    fn left(&self, now: Timestamp) -> i64 {
        let gone = now.as_second() - self.began.as_second();
        if gone < 0 { 0 } else { WINDOW_SECONDS - gone }
    }
}

impl Allowance {
    /// How long to wait, where it is used up.
    pub fn wait(self) -> Option<Duration> {
        let seconds = u64::try_from(self.seconds).unwrap_or(1).max(1);
        self.is_over.then(|| Duration::from_secs(seconds))
    }

    /// Tells it in the `RateLimit` headers.
    pub fn tell(self, headers: &mut HeaderMap) {
        let policy = format!("\"default\";q={};w={WINDOW_SECONDS}", self.limit);
        let left = format!("\"default\";r={};t={}", self.left, self.seconds);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            // Digits and quotes are always a header.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_their_own_minute() {
        let limiter = Limiter::per_minute(2);
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).expect("an instant");
        for (who, second, left, wait) in [
            ("a", 0, 1, None),
            ("a", 10, 0, None),
            ("a", 20, 0, Some(40)),
            ("b", 20, 1, None),
            ("a", 59, 0, Some(1)),
            ("a", 60, 1, None),
            // The clock was set back.
            ("a", 5, 1, None),
        ] {
            let allowance = limiter.ask(who, at(second));
            let waits = allowance.wait().map(|wait| wait.as_secs());
            assert_eq!((allowance.left, waits), (left, wait), "{who} at {second}");
        }
        let mut headers = HeaderMap::new();
        limiter.ask("c", at(0)).tell(&mut headers);
        assert_eq!(headers["ratelimit"], "\"default\";r=1;t=60");
        assert_eq!(headers["ratelimit-policy"], "\"default\";q=2;w=60");
    }
}
