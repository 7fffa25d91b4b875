//! What leaves the house: events for programs, messages for people.
//!
//! Rows are written with the change that causes them (L34). Events get a number each second and are read
//! as a feed in that order, so that a reader who remembers the last one misses none. Messages stay due
//! until they are delivered or dead; a dead one is seen here and can be sent again.
//!
//! Absent: delivery itself. No message is handed to anybody yet, so all stay due.

mod feed;
mod messages;
mod prune;
mod routes;
mod store;
#[cfg(test)]
mod tests;

use jiff::SignedDuration;

use crate::hall::law::{Check, Law};
use crate::hall::room::Room;

pub const ROOM: Room = Room {
    name: "outbox",
    routes: routes::routes,
    jobs: &[prune::PRUNE],
    laws: LAWS,
};

/// Events and delivered messages are kept this long; of the newest event that is not, its id and number are.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

const LAWS: &[Law] = &[Law {
    number: "L34",
    about: "An outbox row is delivered, dead or due, and the feed has no gap.",
    check: Check::Query(
        "select tenant_id, 'message ' || event_id || ' is neither delivered, dead nor due' from outbox
         where kind = 'MESSAGE'
           and (case when due_at is null then 0 else 1 end + case when delivered_at is null then 0 else 1 end
              + case when dead_at is null then 0 else 1 end) <> 1
         union all
         select tenant_id, 'event ' || event_id || ' has the state of a message' from outbox
         where kind = 'EVENT' and (due_at is not null or delivered_at is not null or dead_at is not null)
         union all
         select o.tenant_id, 'the feed has ' || count(o.seq) || ' events from ' || min(o.seq) || ' to ' || max(o.seq)
           || ', the last given number is ' || coalesce(max(h.event_seq), 0)
         from outbox o left join journal_heads h on h.tenant_id = o.tenant_id
         where o.seq is not null group by o.tenant_id
         having count(o.seq) <> max(o.seq) - min(o.seq) + 1 or max(o.seq) <> coalesce(max(h.event_seq), 0)
         limit $1",
    ),
}];
