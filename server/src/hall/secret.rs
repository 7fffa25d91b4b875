//! Randomness, hashes and keys. The only place that asks the system for random bytes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::error::{Error, Result};
use super::id::Id;

/// Random bytes and time-ordered ids: from the system, or from a seed so that a demo is the same each time.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<State>>);

struct State {
    seeded: Option<ChaCha20Rng>,
    /// The last id's millisecond and its place in it: ids of one process stay in order of making.
    last_ms: i64,
    place: u16,
}

impl Entropy {
    pub fn system() -> Entropy {
        Entropy::of(None)
    }

    pub fn seeded(seed: u64) -> Entropy {
        Entropy::of(Some(ChaCha20Rng::seed_from_u64(seed)))
    }

    fn of(seeded: Option<ChaCha20Rng>) -> Entropy {
        Entropy(Arc::new(Mutex::new(State {
            seeded,
            last_ms: 0,
            place: 0,
        })))
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill(bytes);
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A new id whose time part is `now`.
    pub fn id<T: Id>(&self, now: Timestamp) -> T {
        T::from_uuid(self.uuid(now))
    }

    /// A version 7 UUID; the 12 bits after the time count up within one millisecond.
    pub fn uuid(&self, now: Timestamp) -> Uuid {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ms = now.as_millisecond().max(0);
        state.place = if ms == state.last_ms {
            state.place.wrapping_add(1)
        } else {
            0
        };
        state.last_ms = ms;
        let place = state.place;
        let mut random = [0; 8];
        state.fill(&mut random);
        let high = (ms.cast_unsigned() << 16) | 0x7000 | u64::from(place & 0x0fff);
        let low = (u64::from_be_bytes(random) & (u64::MAX >> 2)) | (1 << 63);
        Uuid::from_u64_pair(high, low)
    }

    /// A number in `0..below`, without bias for the small ranges it is used for.
    pub fn below(&self, below: u64) -> u64 {
        let wide = u128::from(u64::from_be_bytes(self.bytes::<8>()));
        u64::try_from((wide * u128::from(below)) >> 64).unwrap_or(0)
    }
}

impl State {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for randomness"
    )]
    fn fill(&mut self, bytes: &mut [u8]) {
        match &mut self.seeded {
            Some(rng) => rng.fill_bytes(bytes),
            None => getrandom::fill(bytes).expect("the system gives random bytes"),
        }
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

/// Text that must not reach a log: its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A new token: the prefix and 256 random bits in base64url.
pub fn token(entropy: &Entropy, prefix: &str) -> Secret {
    Secret(format!(
        "{prefix}{}",
        BASE64URL_NOPAD.encode(&entropy.bytes::<32>())
    ))
}

/// As [`token`], of a seed: the same for the same one.
pub fn token_of(seed: &[u8; 32], prefix: &str) -> Secret {
    Secret(format!("{prefix}{}", BASE64URL_NOPAD.encode(seed)))
}

/// A code of `digits` decimal digits for a person to type.
pub fn digits(entropy: &Entropy, digits: u32) -> Secret {
    let number = entropy.below(10_u64.pow(digits));
    Secret(format!("{number:0width$}", width = digits as usize))
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The key for one purpose, derived from the master secret (HKDF-SHA256, salt = tenant, info = purpose).
pub fn derive(master: &[u8], tenant: &str, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(tenant.as_bytes()), master)
        .expand(purpose.as_bytes(), &mut key)
        .expect("32 bytes are within what HKDF gives");
    key
}

/// At most this many hashes run at once, so that sign-ins cannot starve the server of its cores.
const HASHES_AT_ONCE: usize = 2;

static HASHING: Semaphore = Semaphore::const_new(HASHES_AT_ONCE);

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params =
        Params::new(19_456, 2, 1, None).expect("the parameters are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password or PIN. Slow on purpose: never call it on a store thread.
pub fn hash_now(chosen: &Secret, entropy: &Entropy) -> Result<String> {
    let salt = entropy.bytes::<16>();
    let hash = argon2().hash_password_with_salt(chosen.0.as_bytes(), &salt);
    Ok(hash.map_err(Error::bug)?.to_string())
}

/// As [`hash_now`], off the async threads and at most a few at once.
pub async fn hash(chosen: Secret, entropy: Entropy) -> Result<String> {
    let _turn = HASHING.acquire().await.map_err(Error::bug)?;
    tokio::task::spawn_blocking(move || hash_now(&chosen, &entropy))
        .await
        .map_err(Error::bug)?
}

/// Whether `chosen` is what was hashed. Without a hash the same time is spent, so that an unknown name
/// cannot be told from a wrong password.
pub async fn verify(chosen: Secret, hash: Option<String>) -> Result<bool> {
    let _turn = HASHING.acquire().await.map_err(Error::bug)?;
    let known = hash.is_some();
    let checked = tokio::task::spawn_blocking(move || {
        let text = hash.unwrap_or_else(|| DECOY.into());
        let parsed = PasswordHash::new(&text).map_err(Error::bug)?;
        Ok::<bool, Error>(
            argon2()
                .verify_password(chosen.0.as_bytes(), &parsed)
                .is_ok(),
        )
    });
    Ok(checked.await.map_err(Error::bug)?? && known)
}

/// A well-formed hash that nothing matches.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
