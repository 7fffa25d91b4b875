use crate::hall::error::{Error, Result};
use crate::hall::id::CustomerId;
use crate::hall::store::{Read, Tx};
use crate::params;

/// What a key is: never two customers for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The fingerprint of a card that paid.
    Card,
    /// The digest of a file's line that has no email, phone or reference.
    FileLine,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Card => "CARD",
            Kind::FileLine => "FILE_LINE",
        }
    }
}

pub fn find(read: &mut Read, kind: Kind, key: &str) -> Result<Option<CustomerId>> {
    let row = read.first(
        "select customer_id from customer_keys where tenant_id = $1 and kind = $2 and key = $3",
        params![kind.word(), key],
    )?;
    row.map(|row| row.get(0)).transpose()
}

/// Gives a key that nobody has to the customer.
pub fn take(tx: &mut Tx, kind: Kind, key: &str, id: CustomerId) -> Result<()> {
    let put = tx.exec(
        "insert into customer_keys (tenant_id, kind, key, customer_id) values ($1, $2, $3, $4)
         on conflict (tenant_id, kind, key) do nothing",
        params![kind.word(), key, id],
    )?;
    once(put)
}

/// Moves a key from one customer to another.
pub fn pass_on(tx: &mut Tx, kind: Kind, key: &str, from: CustomerId, to: CustomerId) -> Result<()> {
    let moved = tx.exec(
        "update customer_keys set customer_id = $5
         where tenant_id = $1 and kind = $2 and key = $3 and customer_id = $4",
        params![kind.word(), key, from, to],
    )?;
    once(moved)
}

fn once(changed: u64) -> Result<()> {
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Again("the key was taken meanwhile".into()))
    }
}
