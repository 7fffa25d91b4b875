//! Gives entries their number and hash, and events their number.

use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::store::{self, Entry, Head};
use crate::hall::call::Hall;
use crate::hall::error::{Error, Result};
use crate::hall::id::TenantId;
use crate::hall::journal::By;
use crate::hall::store::{Across, Hot, Read, Scope};

/// Rows of one transaction: short enough that no sale waits for it.
const BATCH: i64 = 100;
const TICK: Duration = Duration::from_secs(1);
/// Tenants of one round; those left over come first in the next.
const TENANTS_MAX: i64 = 1_000;
/// Rounds of one call: a store that is written faster than it is sealed must not keep the caller for ever.
const ROUNDS_MAX: usize = 5_000;

/// The hash before the first entry of a chain.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// Seals and numbers all that is open, over all tenants.
pub async fn seal_all(hall: &Hall) -> Result<u64> {
    let mut sealed = 0;
    for _ in 0..ROUNDS_MAX {
        let find = |across: &mut Across<'_>| store::unsealed(across, TENANTS_MAX);
        let open = hall.db.across_tenants(hall.clock.now(), find).await?;
        if open.is_empty() {
            break;
        }
        for tenant in open {
            sealed += seal(hall, tenant).await?;
        }
    }
    Ok(sealed)
}

/// Seals each second until `ending` says so, and once more after that.
pub async fn seal_always(hall: Hall, mut ending: watch::Receiver<bool>) {
    loop {
        let last = *ending.borrow();
        match seal_all(&hall).await {
            Ok(sealed) => metrics::counter!("regulars_journal_sealed_total").increment(sealed),
            Err(error) => tracing::warn!(%error, "the journal was not sealed"),
        }
        if last {
            return;
        }
        // Also on an error of the channel: then whoever would end this loop is gone.
        let _ = tokio::time::timeout(TICK, ending.changed()).await;
    }
}

/// One batch of one tenant. What is open is read beforehand, outside the transaction, so that those who
/// append meanwhile do not meet a reader of the same pages.
async fn seal(hall: &Hall, tenant: TenantId) -> Result<u64> {
    let scope = Scope::new(tenant, hall.clock.now(), By::job("audit.seal")).guarded();
    let find = |read: &mut Read| {
        Ok((
            store::open_entries(read, BATCH)?,
            store::open_events(read, BATCH)?,
        ))
    };
    let (entries, events) = hall.db.read(scope.clone(), find).await?;
    let hot = vec![Hot::of(tenant, "journal", "head")];
    let sealed = hall.db.write(scope, hot, move |tx| {
        let before = store::head(tx)?;
        let mut head = before.clone();
        for entry in &entries {
            let sealed = Head {
                audit_seq: head.audit_seq + 1,
                audit_hash: hash(&head.audit_hash, head.audit_seq + 1, entry)?,
                ..head
            };
            // Another process may have sealed it since it was read.
            if store::seal(tx, &entry.id, sealed.audit_seq, &sealed.audit_hash)? {
                head = sealed;
            }
        }
        for event in &events {
            if store::number(tx, event, head.event_seq + 1)? {
                head.event_seq += 1;
            }
        }
        // The guard that makes the chain one: whoever sealed on an older head loses.
        if !store::move_head(tx, &before, &head)? {
            return Err(Error::Again("the chain grew meanwhile".into()));
        }
        Ok((head.audit_seq - before.audit_seq) + (head.event_seq - before.event_seq))
    });
    Ok(u64::try_from(sealed.await?).unwrap_or(0))
}

/// SHA-256 of the hash before, and of the entry as a JSON list with its number.
pub(super) fn hash(before: &[u8; 32], seq: i64, entry: &Entry) -> Result<[u8; 32]> {
    let hex = |digest: &Option<Vec<u8>>| digest.as_ref().map(|bytes| HEXLOWER.encode(bytes));
    let canonical = serde_json::to_vec(&(
        &entry.tenant,
        seq,
        &entry.id,
        entry.at,
        &entry.actor,
        &entry.action,
        &entry.entity,
        hex(&entry.before_sha),
        hex(&entry.after_sha),
        &entry.request_id,
        &entry.ip,
    ));
    let mut sha = Sha256::new();
    sha.update(before);
    sha.update(canonical.map_err(Error::bug)?);
    Ok(sha.finalize().into())
}
