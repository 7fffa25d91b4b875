//! What was worked out of rows, kept as long as a text beside them says that they are the same.
//!
//! Hundreds of live rules would be read for every order, and change once a week. Whoever changes them writes a new text
//! beside them, in the same transaction and never the same text twice: so what is kept under the text that a
//! transaction reads is what it would read itself (at `READ COMMITTED` perhaps something newer), also where another
//! process wrote it, and what was rolled back is asked for by nobody.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};

use super::Read;
use crate::hall::error::Result;
use crate::hall::id::TenantId;

/// Of one kind, such as the rules of a venue; when so many are kept it begins anew. Most venues have some twenty rules,
/// of 5 kB each, and venues of one chain share them.
const KEPT_MAX: usize = 256;

/// Whose it is, and which of its kind.
type Key = (TenantId, String);

struct Kept {
    under: String,
    value: Arc<dyn Any + Send + Sync>,
}

#[derive(Default)]
pub(super) struct Memo(Mutex<HashMap<TypeId, HashMap<Key, Kept>>>);

impl Memo {
    fn get<T: Send + Sync + 'static>(&self, key: &Key, under: &str) -> Option<Arc<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&TypeId::of::<T>())?.get(key)?;
        let value = Arc::clone(&kept.value);
        (kept.under == under).then(|| value.downcast().ok())?
    }

    fn put<T: Send + Sync + 'static>(&self, key: Key, under: &str, value: Arc<T>) {
        let under = under.to_owned();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = all.entry(TypeId::of::<T>()).or_default();
        let full = (of_kind.len() >= KEPT_MAX).then(|| take(of_kind));
        let before = of_kind.insert(key, Kept { under, value });
        // What is let go may be large: nobody waits for that.
        drop(all);
        drop((full, before));
    }
}

impl Read {
    /// What `find` finds, which stays the same as long as the text `under` does; under an empty text nothing is kept.
    /// It is told by `which` from others of its type.
    #[track_caller]
    pub fn remembered<T: Debug + PartialEq + Send + Sync + 'static>(
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
