//! Devices: tills, readers and scanners, each in one venue, paired once by a code that is typed at it.

use axum::http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store::devices as store;
use super::{Archived, sessions};
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Result};
use crate::hall::etag;
use crate::hall::id::{DeviceId, VenueId};
use crate::hall::identity::{self, Lookup};
use crate::hall::page::{Page, Paging};
use crate::hall::secret::{Entropy, Secret};
use crate::hall::store::{Read, Tx};
use crate::hall::text::check_line;

/// From the console to the till and typed.
const PAIRING_MINUTES: i64 = 15;
/// Crockford's letters: none is taken for another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 50 bits: in a quarter of an hour nobody guesses one over the network.
const CODE_LENGTH: usize = 10;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditDevice {
    #[schema(example = "Till at the bar")]
    pub name: String,
}

impl EditDevice {
    fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        check_line(&self.name, 100, "/name", &mut wrong);
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

/// A till, reader or scanner.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    pub id: DeviceId,
    pub venue_id: VenueId,
    #[schema(example = "Till at the bar")]
    pub name: String,
    /// Until when its pairing code may be typed; absent once it was.
    pub pairing_expires_at: Option<Timestamp>,
    pub paired_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// To within ten minutes.
    pub last_seen_at: Option<Timestamp>,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub version: i64,
}

impl Reply for Device {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// A device that waits to be paired.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewDevice {
    pub device: Device,
    /// Told this once: neither a later read nor a replay of the same Idempotency-Key repeats it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "7Q2MX-0KD4B")]
    pub pairing_code: Option<String>,
}

impl Reply for NewDevice {
    fn version(&self) -> Option<i64> {
        Some(self.device.version)
    }

    fn kept(&self) -> Option<NewDevice> {
        Some(NewDevice {
            device: self.device.clone(),
            pairing_code: None,
        })
    }
}

/// A device that was just paired.
#[derive(Clone, Serialize, ToSchema)]
pub struct PairedDevice {
    pub device: Device,
    /// Told this once, and for ten minutes to who sends the same under the same Idempotency-Key. A browser has it as a
    /// cookie too.
    #[schema(example = "dt_9sW2mJ0a6c3…")]
    pub token: String,
}

impl Reply for PairedDevice {}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairDevice {
    #[schema(value_type = String, example = "7Q2MX-0KD4B")]
    pub code: Secret,
}

pub fn create(tx: &mut Tx, venue: VenueId, ask: &EditDevice) -> Result<NewDevice> {
    ask.check()?;
    let id: DeviceId = tx.new_id();
    let until = tx.now() + SignedDuration::from_mins(PAIRING_MINUTES);
    store::insert(tx, id, venue, ask.name.trim(), until)?;
    let code = pairing_code(tx.entropy());
    let taken = Error::bug("a pairing code was made twice");
    identity::list(tx, Lookup::Pairing, &hash_of(&code), id, taken)?;
    let device = device(tx, venue, id)?;
    tx.audit_new("device.create", id, &device)?;
    Ok(NewDevice {
        device,
        pairing_code: Some(code),
    })
}

fn pairing_code(entropy: &Entropy) -> String {
    let mut code = String::with_capacity(CODE_LENGTH + 1);
    for place in 0..CODE_LENGTH {
        if place == CODE_LENGTH / 2 {
            code.push('-');
        }
        let letter = usize::try_from(entropy.below(32)).unwrap_or(0);
        code.push(char::from(LETTERS[letter]));
    }
    code
}

/// How a code is looked up, however it was typed.
pub fn hash_of(code: &str) -> String {
    let read = |letter: char| match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        letter => letter,
    };
    let typed = code.chars().filter(char::is_ascii_alphanumeric);
    identity::fingerprint(&typed.map(read).collect::<String>())
}

/// # Errors
/// `Gone` where the code is over, was used, or its device was revoked.
pub fn pair(tx: &mut Tx, id: DeviceId) -> Result<PairedDevice> {
    let venue = store::mark_paired(tx, id)?.ok_or(Error::Gone(Code::CodeExpired))?;
    // The code is found until its time is over, so that who lost the answer is told it again; it pairs nothing more.
    let token = tx.new_token("dt_")?;
    sessions::list_token(tx, &token, id)?;
    let device = device(tx, venue, id)?;
    tx.audit_new("device.pair", id, &device)?;
    Ok(PairedDevice {
        device,
        token: token.expose().to_owned(),
    })
}

pub fn edit(
    tx: &mut Tx,
    venue: VenueId,
    id: DeviceId,
    ask: &EditDevice,
    if_match: Option<&HeaderValue>,
) -> Result<Device> {
    let before = device(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    ask.check()?;
    store::rename(tx, id, ask.name.trim(), before.version)?;
    let after = device(tx, venue, id)?;
    tx.audit("device.edit", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Ends a device and whoever is signed in at it with this very write; again is no error.
pub fn revoke(
    tx: &mut Tx,
    venue: VenueId,
    id: DeviceId,
    if_match: Option<&HeaderValue>,
) -> Result<()> {
    let before = device(tx, venue, id)?;
    etag::honour(if_match, before.version)?;
    if before.revoked_at.is_none() {
        store::mark_revoked(tx, id)?;
        identity::unlist(tx, Lookup::Token, id)?;
        identity::unlist(tx, Lookup::Pairing, id)?;
        sessions::end_all_at_device(tx, id)?;
        tx.audit("device.revoke", id, Some(&before), None::<&()>)?;
    }
    Ok(())
}

pub fn device(read: &mut Read, venue: VenueId, id: DeviceId) -> Result<Device> {
    let found = store::find(read, id)?.filter(|device| device.venue_id == venue);
    found.ok_or(Error::NotFound("device"))
}

pub fn devices(
    read: &mut Read,
    venue: VenueId,
    paging: &Paging,
    filter: Archived,
) -> Result<Page<Device>> {
    store::list(read, venue, paging, filter)
}

/// Forgets codes that nobody typed in time.
pub(super) fn forget_codes(tx: &mut Tx, most: i64) -> Result<usize> {
    let over = store::end_pairings(tx, most)?;
    let count = over.len();
    for id in over {
        identity::unlist(tx, Lookup::Pairing, id)?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        let code = pairing_code(&Entropy::seeded(1));
        assert_eq!(code.len(), CODE_LENGTH + 1);
        let sloppy = code.to_lowercase().replace('-', " ").replace('0', "o");
        assert_eq!(hash_of(&sloppy), hash_of(&code));
        assert_ne!(hash_of("7Q2MX-0KD4B"), hash_of("7Q2MX-0KD4C"));
    }
}
