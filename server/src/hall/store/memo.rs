//! What was worked out of rows, kept as long as a text beside them says that they are the same.
//!
//! Hundreds of live rules would be read for every order, and change once a week. Whoever changes them writes a new text
//! beside them, in the same transaction and never the same text twice: so what is kept under the text that a
//! transaction reads is what it would read itself (at `READ COMMITTED` perhaps something newer), also where another
//! process wrote it, and what was rolled back is asked for by nobody.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use super::Read;
use crate::hall::error::Result;
use crate::hall::id::TenantId;

/// Of one kind, such as the rules of venues, by their [`Remembered::rows`]: 100 MB of rules of a usual size, if no two
/// venues share one. Then others are let go.
const ROWS_MAX: usize = 20_000;

/// What may be remembered.
pub trait Remembered: Debug + PartialEq + Send + Sync + 'static {
    /// How many rows it was worked out of, of some 5 kB each.
    fn rows(&self) -> usize;
}

/// Whose it is, and which of its kind.
type Key = (TenantId, String);

struct Kept {
    under: String,
    value: Arc<dyn Any + Send + Sync>,
    rows: usize,
}

#[derive(Default)]
struct OfKind {
    kept: HashMap<Key, Kept>,
    rows: usize,
}

#[derive(Default)]
pub(super) struct Memo(Mutex<HashMap<TypeId, OfKind>>);

impl Memo {
    fn get<T: Remembered>(&self, key: &Key, under: &str) -> Option<Arc<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&TypeId::of::<T>())?.kept.get(key)?;
        let value = Arc::clone(&kept.value);
        (kept.under == under).then(|| value.downcast().ok())?
    }

    fn put<T: Remembered>(&self, key: Key, under: &str, value: Arc<T>) {
        // Also what is made of no rows takes some room.
        let rows = value.rows().max(1);
        let under = under.to_owned();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = all.entry(TypeId::of::<T>()).or_default();
        let before = of_kind.kept.remove(&key);
        of_kind.rows -= before.as_ref().map_or(0, |kept| kept.rows);
        let mut let_go = vec![before];
        while of_kind.rows + rows > ROWS_MAX
            && let Some(any) = of_kind.kept.keys().next().cloned()
        {
            let other = of_kind.kept.remove(&any);
            of_kind.rows -= other.as_ref().map_or(0, |kept| kept.rows);
            let_go.push(other);
        }
        of_kind.rows += rows;
        of_kind.kept.insert(key, Kept { under, value, rows });
        // What is let go may be large: nobody waits for that.
        drop(all);
        drop(let_go);
    }
}

impl Read {
    /// What `find` finds, which stays the same as long as the text `under` does; under an empty text nothing is kept.
    /// It is told by `which` from others of its type.
    #[track_caller]
    pub fn remembered<T: Remembered>(
        &mut self,
        which: &str,
        under: &str,
        find: impl Fn(&mut Read) -> Result<T>,
    ) -> Result<Arc<T>> {
        if under.is_empty() {
            return find(self).map(Arc::new);
        }
        let key = (self.tenant()?, which.to_owned());
        if let Some(known) = self.shared.memo.get::<T>(&key, under) {
            // In tests nobody forgets to write a new text.
            #[cfg(test)]
            assert_eq!(*known, find(self)?, "changed under the same text");
            return Ok(known);
        }
        let found = Arc::new(find(self)?);
        self.shared.memo.put(key, under, Arc::clone(&found));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::hall::secret::Entropy;

    #[derive(Debug, PartialEq)]
    struct Rows(usize);

    impl Remembered for Rows {
        fn rows(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let memo = Memo::default();
        let tenant: TenantId = Entropy::seeded(7).id(Timestamp::UNIX_EPOCH);
        let key = |which: &str| (tenant, which.to_owned());
        let put = |which: &str, rows| memo.put(key(which), "text", Arc::new(Rows(rows)));
        let kept = |which: &str| memo.get::<Rows>(&key(which), "text").map(|rows| rows.0);

        put("harbour", ROWS_MAX / 2);
        put("hill", ROWS_MAX / 2);
        // In its own place it takes no more room.
        put("harbour", ROWS_MAX / 2);
        assert_eq!(
            (kept("harbour"), kept("hill")),
            (Some(ROWS_MAX / 2), Some(ROWS_MAX / 2))
        );
        assert_eq!(memo.get::<Rows>(&key("hill"), "another text"), None);

        // A venue without rules is one as well; one of the others goes for it.
        put("park", 0);
        assert_eq!(kept("park"), Some(0));
        assert_ne!(kept("harbour").is_some(), kept("hill").is_some());

        // More than there is room for is kept alone.
        put("hill", 2 * ROWS_MAX);
        let others = [kept("harbour"), kept("park")];
        assert_eq!((others, kept("hill")), ([None, None], Some(2 * ROWS_MAX)));
    }
}
