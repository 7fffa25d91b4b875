//! The laws of the journal.

use data_encoding::HEXLOWER;

use super::seal::{GENESIS, hash};
use super::store::{self, Head};
use crate::hall::error::Result;
use crate::hall::law::{BREACHES_MAX, Check, Law};
use crate::hall::store::Across;

/// Entries that are held in memory at a time while a chain is walked.
const STEP: i64 = 1_000;

pub const LAWS: &[Law] = &[
    Law {
        number: "L04",
        about: "One idempotency key has one effect and one stored answer",
        // One row per key is the primary key's; here, that what is stored is an answer that may be kept.
        check: Check::Query(
            "select tenant_id, 'key ' || key || ' of ' || principal || ' for ' || operation || ' keeps a ' || status
             from idempotency
             where length(fingerprint) <> 32
                or not (status between 200 and 299 or status in (409, 410, 422))
                or headers not like '[%]'
             limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "No row refers to a row of another tenant",
        // Rows of one tenant refer by composite foreign keys, which hold by themselves. Outside them stand the
        // directory (where a set-up link names the tenant that it will found) and the venue of an event.
        check: Check::Query(
            "select d.tenant_id, 'directory ' || d.kind || ' names no tenant' from directory d
             left join tenants t on t.tenant_id = d.tenant_id
             where t.tenant_id is null and d.kind <> 'set_up'
             union all
             select o.tenant_id, 'event ' || o.event_id || ' names a venue that is not the tenant''s'
             from outbox o left join venues v on v.tenant_id = o.tenant_id and v.venue_id = o.venue_id
             where o.venue_id is not null and v.venue_id is null
             limit $1",
        ),
    },
    Law {
        number: "L24",
        about: "Sealed audit entries form an unbroken chain",
        check: Check::Walk(chains),
    },
    Law {
        number: "L24",
        about: "Every request that took effect has its entry",
        // An answer and the entries of its effect are of one transaction, and so of one actor and instant. What is
        // sent without a key leaves no answer to hold against the entries.
        // Each table is read once: looked up by its actor, an answer would meet all that this actor ever did.
        check: Check::Query(
            "select i.tenant_id,
               i.operation || ' of ' || i.principal || ' took effect under ' || i.key || ' without an entry'
             from (select tenant_id, principal, created_at from idempotency where status between 200 and 299
               except select tenant_id, actor, at from audit_entries) l
             join idempotency i on i.tenant_id = l.tenant_id and i.principal = l.principal
               and i.created_at = l.created_at
             where i.status between 200 and 299
             limit $1",
        ),
    },
];

/// Recomputes every hash, and asks that each chain ends where its head says.
fn chains(across: &mut Across<'_>) -> Result<Vec<(String, String)>> {
    let mut broken = Vec::new();
    for (tenant, head) in store::heads(across)? {
        if let Some(what) = first_break(across, &tenant, &head)? {
            broken.push((tenant, what));
        }
        if broken.len() as i64 >= BREACHES_MAX {
            break;
        }
    }
    let orphans = across.query(
        "select distinct e.tenant_id from audit_entries e
         left join journal_heads h on h.tenant_id = e.tenant_id
         where e.seq is not null and h.tenant_id is null limit $1",
        crate::params![BREACHES_MAX],
    )?;
    for row in orphans {
        broken.push((row.get(0)?, "sealed entries without a head".into()));
    }
    Ok(broken)
}

/// The first place where a chain does not hold. What follows it cannot be judged.
fn first_break(across: &mut Across<'_>, tenant: &str, head: &Head) -> Result<Option<String>> {
    let (mut seq, mut before) = (0, GENESIS);
    loop {
        let links = store::links(across, tenant, seq, STEP)?;
        if links.is_empty() {
            break;
        }
        for (entry, number, stored) in links {
            if number != seq + 1 {
                return Ok(Some(format!(
                    "entry {} is missing: {number} follows {seq}",
                    seq + 1
                )));
            }
            let computed = hash(&before, number, &entry)?;
            if stored != computed {
                return Ok(Some(format!(
                    "entry {number} ({}) was changed: its hash is {}, its content gives {}",
                    entry.id,
                    short(&stored),
                    short(&computed)
                )));
            }
            (seq, before) = (number, computed);
        }
    }
    if (seq, before) == (head.audit_seq, head.audit_hash) {
        Ok(None)
    } else {
        Ok(Some(format!(
            "the chain ends at entry {seq}, its head says {}: the last entries are missing",
            head.audit_seq
        )))
    }
}

fn short(hash: &[u8]) -> String {
    HEXLOWER.encode(hash).chars().take(12).collect()
}
