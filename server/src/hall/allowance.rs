//! How often one address may ask what is open to everybody, beside whatever is counted per account.
//!
//! A verb takes from its [`Allowance`] before it does anything dear. Each address has `burst` at once and gets
//! one back each `every`. What is left is told by `RateLimit-Policy` and `RateLimit`, over the limit it is 429.
//!
//! It is kept in this process and not in the store: a row per request would be a write for whoever floods us,
//! and a hot one. So several processes on one store each give the allowance, and a restart forgets; what must
//! never be guessed (passwords, PINs, codes) is counted per account in the store as well. Memory is bounded
//! by two generations of addresses: when the young one is full the old one is forgotten.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::call::Hall;
use super::error::{Error, Result};
use super::http::facts;

/// Addresses of one generation; with their allowance some 100 bytes each.
const ADDRESSES_MAX: usize = 50_000;

/// What each address may do.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Allowance {
    /// As the headers name it.
    pub name: &'static str,
    pub burst: u32,
    /// How long until one of them comes back.
    pub every: Duration,
}

/// What an address has left after it took one, for the headers of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    pub of: &'static Allowance,
    pub remaining: u32,
    /// Until all of it is back.
    pub whole_in: Duration,
}

impl Left {
    /// `RateLimit-Policy` and `RateLimit`, as the IETF's draft writes them.
    pub fn headers(&self) -> (String, String) {
        let Allowance { name, burst, .. } = self.of;
        let window = seconds(self.of.window());
        let policy = format!("\"{name}\";q={burst};w={window}");
        let remaining = self.remaining;
        let now = format!("\"{name}\";r={remaining};t={}", seconds(self.whole_in));
        (policy, now)
    }
}

impl Allowance {
    fn window(&self) -> Duration {
        self.every * self.burst
    }
}

/// When the allowance of each address will be whole again, in microseconds: all that must be known of it.
type Whole = HashMap<(&'static str, IpAddr), i64>;

/// What all addresses have taken.
#[derive(Debug, Clone, Default)]
pub struct Taken(Arc<Mutex<Generations>>);

#[derive(Debug, Default)]
struct Generations {
    young: Whole,
    old: Whole,
}

impl Taken {
    /// Takes one; an error is how long to wait for the next.
    fn take(
        &self,
        of: &'static Allowance,
        address: IpAddr,
        now: i64,
    ) -> std::result::Result<Left, Duration> {
        let key = (of.name, network(address));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.young.get(&key).or_else(|| kept.old.get(&key));
        let whole_at = known.copied().unwrap_or(now).max(now) + micros(of.every);
        let over = whole_at - now - micros(of.window());
        if over > 0 {
            return Err(Duration::from_micros(over.unsigned_abs()));
        }
        if kept.young.len() >= ADDRESSES_MAX && !kept.young.contains_key(&key) {
            kept.old = std::mem::take(&mut kept.young);
        }
        kept.young.insert(key, whole_at);
        let remaining = -over / micros(of.every).max(1);
        Ok(Left {
            of,
            remaining: u32::try_from(remaining).unwrap_or(0),
            whole_in: Duration::from_micros((whole_at - now).unsigned_abs()),
        })
    }
}

/// Takes one of the calling address's allowance. Work of our own, which has no address, is not limited.
///
/// # Errors
/// `TooMany` with how long to wait.
pub fn take(hall: &Hall, of: &'static Allowance) -> Result<()> {
    let Some(facts) = facts() else { return Ok(()) };
    let Some(address) = facts.peer else {
        return Ok(());
    };
    let now = hall.clock.now().as_microsecond();
    let (left, answer) = match hall.taken.take(of, address, now) {
        Ok(left) => (left, Ok(())),
        Err(wait) => {
            let left = Left {
                of,
                remaining: 0,
                whole_in: of.window(),
            };
            let wait = Duration::from_secs(seconds(wait));
            (left, Err(Error::TooMany(wait)))
        }
    };
    // The first that was taken is told; a second one in the same request has no header of its own.
    let _ = facts.left.set(left);
    answer
}

/// One subscriber owns a whole IPv6 /64, so that is what counts as an address.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(whole) => IpAddr::V6((whole.to_bits() >> 64 << 64).into()),
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Rounded up: who waits so long has waited long enough.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    static THREE: Allowance = Allowance {
        name: "three",
        burst: 3,
        every: Duration::from_secs(10),
    };

    fn address(last: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + last).into()
    }

    #[test]
    fn an_address_has_its_burst_and_then_one_at_a_time() {
        let taken = Taken::default();
        for remaining in [2, 1, 0] {
            assert_eq!(
                taken.take(&THREE, address(1), 0).unwrap().remaining,
                remaining
            );
        }
        assert_eq!(
            taken.take(&THREE, address(1), 0),
            Err(Duration::from_secs(10))
        );
        // What was refused took nothing, and another address has its own.
        assert!(taken.take(&THREE, address(1), 9_999_999).is_err());
        assert!(taken.take(&THREE, address(2), 0).is_ok());
        assert!(taken.take(&THREE, address(1), 10_000_000).is_ok());
        assert!(taken.take(&THREE, address(1), 10_000_000).is_err());
        let headers = taken
            .take(&THREE, address(1), 90_000_000)
            .unwrap()
            .headers();
        assert_eq!(
            headers,
            (
                "\"three\";q=3;w=30".to_owned(),
                "\"three\";r=2;t=10".to_owned()
            )
        );
    }

    #[test]
    fn a_subscriber_has_one_allowance_for_all_their_addresses() {
        let taken = Taken::default();
        for last in 0..3_u16 {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 7, last, 1, 2, 3).into();
            assert!(taken.take(&THREE, address, 0).is_ok());
        }
        let fourth = "2001:db8:0:7::9".parse().unwrap();
        assert!(taken.take(&THREE, fourth, 0).is_err());
        let neighbour = "2001:db8:0:8::9".parse().unwrap();
        assert!(taken.take(&THREE, neighbour, 0).is_ok());
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_who_goes_on_stays_limited() {
        let taken = Taken::default();
        let flood = u32::try_from(3 * ADDRESSES_MAX).unwrap();
        for last in 1..=flood {
            assert!(taken.take(&THREE, address(last), 0).is_ok());
        }
        // Those of the last generation are still known.
        let last = address(flood);
        assert_eq!(taken.take(&THREE, last, 0).unwrap().remaining, 1);
        let kept = taken.0.lock().unwrap();
        assert!(kept.young.len() + kept.old.len() <= 2 * ADDRESSES_MAX);
    }
}
