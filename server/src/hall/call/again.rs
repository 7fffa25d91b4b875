//! Answers that tell a token, told again.
//!
//! A token is stored nowhere (L35), and who lost the answer to a sign-in or a pairing needs it all the same. So under
//! an idempotency key it is not random: it is made of a nonce, which is kept with the answer, of the server's master
//! secret, and of the body, which holds the password, PIN or code. The same request makes it again; who has the
//! store lacks the master secret, and who has that too must still guess the body, as they must for the digest of a PIN.
//! After ten minutes nobody is told it again: what was sent once may lie in somebody's log.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use jiff::SignedDuration;

use super::answer::Answer;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::TenantId;
use crate::hall::journal::{Keyed, Stored};
use crate::hall::secret::{self, Secret};
use crate::hall::store::Tx;

/// Stands in a kept answer for what of its token is secret: neither JSON nor a header has this character.
const HIDDEN: &str = "\u{1}";
/// Under this name the nonce is kept among the headers; it never goes out.
const NONCE: &str = "nonce";
const TOLD_AGAIN: SignedDuration = SignedDuration::from_mins(10);
const OVER: &str = "The answer to this key held a token, which is told again for ten minutes only: begin again with a \
    new key, and with a new code where one was used.";

/// What the tokens of one request are made of.
pub(super) struct Seeds {
    pub master: Arc<[u8; 32]>,
    /// SHA-256 of the body.
    pub body: [u8; 32],
}

impl Seeds {
    /// Lets the verb that follows make its token of a new nonce, which is given.
    pub fn sow(&self, tx: &mut Tx, keyed: &Keyed) -> Result<String> {
        let nonce = HEXLOWER.encode(&tx.entropy().bytes::<16>());
        tx.seed = Some(self.seed(tx.tenant()?, keyed, &nonce));
        Ok(nonce)
    }

    fn seed(&self, tenant: TenantId, keyed: &Keyed, nonce: &str) -> [u8; 32] {
        let Keyed {
            key,
            principal,
            operation,
            ..
        } = keyed;
        let body = HEXLOWER.encode(&self.body);
        let purpose = format!("token {nonce} {body} {principal} {operation} {key}");
        secret::derive(self.master.as_slice(), &tenant.to_string(), &purpose)
    }

    /// The kept answer as it was given, `age` ago.
    ///
    /// # Errors
    /// `IdempotencyKeyReused` where it tells a token and that was too long ago.
    pub fn shown(
        &self,
        tenant: TenantId,
        keyed: &Keyed,
        mut stored: Stored,
        age: SignedDuration,
    ) -> Result<Answer> {
        let nonce = stored.headers.iter().position(|(name, _)| name == NONCE);
        let Some(nonce) = nonce.map(|place| stored.headers.remove(place).1) else {
            return Ok(Answer::again(stored));
        };
        if age > TOLD_AGAIN {
            return Err(Error::Refused(
                Code::IdempotencyKeyReused,
                Extra::saying(OVER),
            ));
        }
        let token = secret::token_of(&self.seed(tenant, keyed, &nonce), "");
        Ok(Answer::again(replaced(stored, HIDDEN, token.expose())))
    }
}

/// The answer as it is kept: without its token, and with what that was made of.
pub(super) fn hidden(told: &Stored, token: &Secret, nonce: String) -> Stored {
    // What stands before the first underscore says what kind of token it is.
    let secret = token
        .expose()
        .split_once('_')
        .map_or("", |(_, secret)| secret);
    let mut kept = replaced(told.clone(), secret, HIDDEN);
    kept.headers.push((NONCE.to_owned(), nonce));
    kept
}

fn replaced(mut stored: Stored, old: &str, new: &str) -> Stored {
    let body = String::from_utf8_lossy(&stored.body).replace(old, new);
    stored.body = body.into_bytes();
    for (_, value) in &mut stored.headers {
        *value = value.replace(old, new);
    }
    stored
}
