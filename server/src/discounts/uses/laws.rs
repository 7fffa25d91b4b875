use jiff::SignedDuration;

use crate::hall::error::Result;
use crate::hall::law::{BREACHES_MAX, Check, Law};
use crate::hall::store::Across;
use crate::params;

/// The job that gives lapsed holds back runs each minute, and a busy server may be late with it.
const LATE_MAX: SignedDuration = SignedDuration::from_mins(10);

pub const COUNTED: Law = Law {
    number: "L08",
    about: "What is counted of a rule or code is its held and final uses, in all and by customer",
    check: Check::Query(
        "select c.tenant_id, c.subject_id || ' counts ' || c.uses || ' uses, there are ' || count(u.purchase_id)
         from use_counts c left join uses u on u.tenant_id = c.tenant_id and u.subject_id = c.subject_id
           and u.state <> 'RELEASED' and (c.customer_id = '' or u.customer_id = c.customer_id)
         group by c.tenant_id, c.subject_id, c.customer_id, c.uses
         having c.uses <> count(u.purchase_id)
         union all
         select u.tenant_id, u.subject_id || ' is used by ' || u.customer_id || ' and not counted'
         from uses u join use_counts t on t.tenant_id = u.tenant_id and t.subject_id = u.subject_id
           and t.customer_id = ''
         left join use_counts c on c.tenant_id = u.tenant_id and c.subject_id = u.subject_id
           and c.customer_id = u.customer_id
         where u.state <> 'RELEASED' and u.customer_id is not null and c.customer_id is null
         limit $1",
    ),
};

pub const WITHIN: Law = Law {
    number: "L08",
    about: "No rule or code is used more often than the limit allowed when it was used last",
    check: Check::Query(
        "select tenant_id, subject_id || ' is used ' || uses || ' times of ' || uses_max
            || case when customer_id = '' then '' else ' by ' || customer_id end
         from use_counts where uses > uses_max limit $1",
    ),
};

pub const ENDED: Law = Law {
    number: "L08",
    about: "A use that has ended says when, one that is held has not ended",
    check: Check::Query(
        "select tenant_id, subject_id || ' is ' || state || ' for ' || purchase_id || ' and ended at '
            || coalesce(ended_at, 0)
         from uses where (state = 'HELD') <> (ended_at is null) limit $1",
    ),
};

pub const IN_TIME: Law = Law {
    number: "L08",
    about: "No hold outlives its time",
    check: Check::Walk(overdue),
};

/// Holds whose time was over before the job last ran, on their tenant's clock.
fn overdue(across: &mut Across<'_>) -> Result<Vec<(String, String)>> {
    let before = across.now() - LATE_MAX;
    let rows = across.query(
        "select u.tenant_id, u.subject_id || ' is still held by ' || u.purchase_id
         from uses u join tenants t on t.tenant_id = u.tenant_id
         where u.state = 'HELD' and u.held_until < $1 + t.clock_offset_micros limit $2",
        params![before, BREACHES_MAX],
    )?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}
