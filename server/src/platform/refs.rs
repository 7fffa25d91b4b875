//! What other systems call rows of ours. A reference is unique per kind of row, which is the prefix of its id.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store::refs as store;
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::id::Id;
use crate::hall::store::{Read, Tx};

/// A row with more than this many names elsewhere is a mistake.
pub const REFS_MAX: usize = 20;
const SYSTEM_LENGTH_MAX: usize = 40;
const REF_LENGTH_MAX: usize = 200;

/// What one other system calls this row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    /// Small letters, digits, `-` and `_`.
    #[schema(example = "square")]
    pub system: String,
    #[schema(example = "JDKYHBWT1D4F8MFH63DBMEN8Y4")]
    pub id: String,
}

/// Notes in `wrong` what is not right with `refs`, which stand at `pointer`.
pub fn check(refs: &[ExternalRef], pointer: &str, wrong: &mut Vec<Field>) {
    if refs.len() > REFS_MAX {
        let message = format!("Send at most {REFS_MAX} references.");
        wrong.push(Field::new(pointer, "too_many", message));
    }
    for (place, named) in refs.iter().enumerate() {
        check_system(&named.system, &format!("{pointer}/{place}/system"), wrong);
        if !is_name(&named.id) {
            wrong.push(Field::new(
                format!("{pointer}/{place}/id"),
                "invalid",
                "Send 1 to 200 characters, none of them a control character.",
            ));
        }
        if refs[..place].contains(named) {
            let message = "Send each reference once.";
            wrong.push(Field::new(
                format!("{pointer}/{place}"),
                "repeated",
                message,
            ));
        }
    }
}

/// Notes in `wrong` where `system` is the name of none.
pub fn check_system(system: &str, pointer: &str, wrong: &mut Vec<Field>) {
    if !is_system(system) {
        let message = "Send 1 to 40 small letters, digits, `-` and `_`.";
        wrong.push(Field::new(pointer, "invalid", message));
    }
}

fn is_name(id: &str) -> bool {
    !id.trim().is_empty() && id.len() <= REF_LENGTH_MAX && !id.contains(char::is_control)
}

fn is_system(system: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=SYSTEM_LENGTH_MAX).contains(&system.len()) && system.bytes().all(fits)
}

/// Lets `named` mean `id`; again is no error.
///
/// # Errors
/// `RefTaken` with the id of the row that it means already.
pub fn put<T: Id + PartialEq>(tx: &mut Tx, id: T, named: &ExternalRef) -> Result<()> {
    if store::insert(tx, T::PREFIX, named, &id.to_string())? {
        return Ok(());
    }
    match find::<T>(tx, &named.system, &named.id)? {
        Some(owner) if owner == id => Ok(()),
        owner => {
            let owner = owner.map(|owner| owner.to_string());
            let extra = Extra::none()
                .with("id", owner)
                .with("system", named.system.clone());
            Err(Error::Conflict(Code::RefTaken, extra))
        }
    }
}

/// Lets exactly `refs` mean `id`, in place of those that did.
pub fn set<T: Id + PartialEq>(tx: &mut Tx, id: T, refs: &[ExternalRef]) -> Result<()> {
    for gone in of(tx, id)?.iter().filter(|had| !refs.contains(had)) {
        store::delete(tx, T::PREFIX, gone, &id.to_string())?;
    }
    refs.iter().try_for_each(|named| put(tx, id, named))
}

/// The row that `system` calls `named`.
pub fn find<T: Id>(read: &mut Read, system: &str, named: &str) -> Result<Option<T>> {
    // PostgreSQL takes no NUL, not even in a question; nothing is called so.
    if system.contains('\0') || named.contains('\0') {
        return Ok(None);
    }
    let found = store::find(read, T::PREFIX, system, named)?;
    found.map(|id| id.parse().map_err(Error::bug)).transpose()
}

/// All that `id` is called elsewhere, by system.
pub fn of<T: Id>(read: &mut Read, id: T) -> Result<Vec<ExternalRef>> {
    store::of(read, T::PREFIX, &id.to_string())
}

/// As [`of`], for the rows of one page.
pub fn of_many<T: Id>(read: &mut Read, ids: &[T]) -> Result<HashMap<String, Vec<ExternalRef>>> {
    let ids: Vec<String> = ids.iter().map(T::to_string).collect();
    let mut all: HashMap<String, Vec<ExternalRef>> = HashMap::new();
    for (id, named) in store::of_many(read, T::PREFIX, &ids)? {
        all.entry(id).or_default().push(named);
    }
    Ok(all)
}

/// Forgets all that `id` is called elsewhere.
pub fn remove<T: Id>(tx: &mut Tx, id: T) -> Result<()> {
    store::delete_all(tx, T::PREFIX, &id.to_string())
}

/// Lets what meant `from` mean `to`: two rows became one.
pub fn move_to<T: Id>(tx: &mut Tx, from: T, to: T) -> Result<()> {
    store::move_to(tx, T::PREFIX, &from.to_string(), &to.to_string())
}
