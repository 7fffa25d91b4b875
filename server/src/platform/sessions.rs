//! Sessions: who is signed in, where and until when. Their tokens are known only by a hash (L35).

use jiff::{SignedDuration, Timestamp};

use super::store::sessions as store;
use crate::hall::call::{Hall, STAFF_COOKIE};
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, DeviceId, Id, SessionId, StaffId};
use crate::hall::identity::{self, Lookup};
use crate::hall::secret::Secret;
use crate::hall::store::Tx;

/// A working day; nobody stays signed in over night.
pub const STAFF_HOURS_MAX: i64 = 12;
pub const CUSTOMER_DAYS_MAX: i64 = 60;

#[derive(Debug, Clone, Copy)]
pub enum Whose {
    Staff {
        staff: StaffId,
        /// The device that they signed in at by PIN.
        device: Option<DeviceId>,
    },
    Customer(CustomerId),
}

impl Whose {
    fn life(self) -> SignedDuration {
        match self {
            Whose::Staff { .. } => SignedDuration::from_hours(STAFF_HOURS_MAX),
            Whose::Customer(_) => SignedDuration::from_hours(24 * CUSTOMER_DAYS_MAX),
        }
    }
}

/// A session that has just begun; its token is told this once, and to who sends the same request again.
#[derive(Debug, Clone)]
pub struct Begun {
    pub id: SessionId,
    pub token: Secret,
    pub expires_at: Timestamp,
}

pub fn begin(tx: &mut Tx, whose: Whose) -> Result<Begun> {
    let id: SessionId = tx.new_id();
    let expires_at = tx.now() + whose.life();
    store::insert(tx, id, whose, expires_at)?;
    let token = tx.new_token("st_")?;
    list_token(tx, &token, id)?;
    Ok(Begun {
        id,
        token,
        expires_at,
    })
}

/// Makes a token findable by its hash.
pub(super) fn list_token(tx: &mut Tx, token: &Secret, id: impl Id) -> Result<()> {
    let twice = Error::bug("a token was made twice");
    let hash = identity::fingerprint(token.expose());
    identity::list(tx, Lookup::Token, &hash, id, twice)
}

/// Ends a session; again is no error.
pub fn end(tx: &mut Tx, id: SessionId) -> Result<()> {
    let ended = store::end(tx, id)?;
    unlist(tx, ended)
}

/// Ends the session that a browser brought along, if it is one of this chain: a sign-in rotates it.
pub fn end_by_token(tx: &mut Tx, token: &str) -> Result<()> {
    let found = identity::look_up(tx, Lookup::Token, &identity::fingerprint(token))?;
    let tenant = tx.tenant()?;
    let ours = found.filter(|(of, _)| *of == tenant);
    match ours.and_then(|(_, id)| id.parse::<SessionId>().ok()) {
        Some(session) => end(tx, session),
        None => Ok(()),
    }
}

pub fn end_all_of_staff(tx: &mut Tx, staff: StaffId) -> Result<()> {
    let ended = store::end_all_of_staff(tx, staff)?;
    unlist(tx, ended)
}

/// Ends those of a person that a PIN opened.
pub(super) fn end_all_at_tills(tx: &mut Tx, staff: StaffId) -> Result<()> {
    let ended = store::end_all_at_tills(tx, staff)?;
    unlist(tx, ended)
}

pub fn end_all_of_customer(tx: &mut Tx, customer: CustomerId) -> Result<()> {
    let ended = store::end_all_of_customer(tx, customer)?;
    unlist(tx, ended)
}

pub(super) fn end_all_at_device(tx: &mut Tx, device: DeviceId) -> Result<()> {
    let ended = store::end_all_at_device(tx, device)?;
    unlist(tx, ended)
}

fn unlist(tx: &mut Tx, ended: Vec<SessionId>) -> Result<()> {
    ended
        .into_iter()
        .try_for_each(|id| identity::unlist(tx, Lookup::Token, id))
}

/// Forgets up to `most` sessions that ended or expired before `before`, and says how many.
pub(super) fn forget(tx: &mut Tx, before: Timestamp, most: i64) -> Result<usize> {
    let gone = store::delete_over(tx, before, most)?;
    let count = gone.len();
    unlist(tx, gone)?;
    Ok(count)
}

/// The `Set-Cookie` of somebody on the staff who has signed in.
pub fn staff_cookie(hall: &Hall, token: &str) -> String {
    let life = SignedDuration::from_hours(STAFF_HOURS_MAX);
    cookie(hall, STAFF_COOKIE, Some(&Secret::new(token)), life)
}

/// The `Set-Cookie` of a token, or of its removal where there is none.
pub fn cookie(hall: &Hall, name: &str, token: Option<&Secret>, life: SignedDuration) -> String {
    let secure = if hall.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let (value, seconds) = token.map_or(("", 0), |token| (token.expose(), life.as_secs()));
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}
