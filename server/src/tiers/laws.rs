//! What must be true of tiers.

use crate::hall::law::{Check, Law};

pub const ALL: &[Law] = &[
    Law {
        number: "L05",
        about: "Where a guest stands is what the last change says, and the changes are numbered without a gap",
        check: Check::Query(
            "select tenant_id, what from (
               select s.tenant_id, 'customer ' || s.customer_id || ' stands at ' || s.tier_id || ' by '
                   || s.changes || ' changes, there are ' || count(c.seq) || ' up to '
                   || coalesce(max(c.seq), 0) as what
               from customer_tiers s left join tier_changes c
                 on c.tenant_id = s.tenant_id and c.customer_id = s.customer_id
               group by s.tenant_id, s.customer_id, s.tier_id, s.changes
               having count(c.seq) <> s.changes or coalesce(max(c.seq), 0) <> s.changes
                 or max(case when c.seq = s.changes then c.to_tier else '' end) <> s.tier_id
               union all
               select c.tenant_id, 'change ' || c.seq || ' of ' || c.customer_id || ' moved nobody' as what
               from tier_changes c left join customer_tiers s
                 on s.tenant_id = c.tenant_id and s.customer_id = c.customer_id
               where s.customer_id is null
             ) broken limit $1",
        ),
    },
    Law {
        number: "L05",
        about: "Nobody rises by more tiers than the velocity of the ladder allows in its days",
        check: Check::Query(
            "select tenant_id, 'change ' || seq || ' of ' || customer_id || ' rose to ' || to_rank || ' from '
                || rank_then || ', allowed are ' || velocity_tiers
             from (
               select c.tenant_id, c.customer_id, c.seq, c.to_rank, c.velocity_tiers,
                   (select p.from_rank from tier_changes p where p.tenant_id = c.tenant_id
                      and p.customer_id = c.customer_id and p.seq <= c.seq and p.at > c.at - c.velocity_micros
                    order by p.seq limit 1) as rank_then
               from tier_changes c
               where c.velocity_tiers is not null and c.to_rank > c.from_rank
             ) rises
             where to_rank - rank_then > velocity_tiers limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "The days that tiers count by hold the visits and the points of purchases, no more and no fewer",
        check: Check::Query(
            "select tenant_id, what from (
               select d.tenant_id, 'customer ' || d.customer_id || ' counts ' || d.visits || ' visits on '
                   || d.business_day || ' at ' || d.venue_id || ', there are ' || count(v.at) as what
               from loyalty_days d left join visits v on v.tenant_id = d.tenant_id
                 and v.customer_id = d.customer_id and v.business_day = d.business_day
                 and v.venue_id = d.venue_id and v.purchases > 0
               group by d.tenant_id, d.customer_id, d.business_day, d.venue_id, d.visits
               having d.visits <> count(v.at)
               union all
               select v.tenant_id, 'the visit of ' || v.customer_id || ' on ' || v.business_day || ' at '
                   || v.venue_id || ' is counted on no day' as what
               from visits v left join loyalty_days d on d.tenant_id = v.tenant_id
                 and d.customer_id = v.customer_id and d.business_day = v.business_day and d.venue_id = v.venue_id
               where v.purchases > 0 and d.customer_id is null
               union all
               select c.tenant_id, 'customer ' || c.customer_id || ' counts ' || coalesce(d.points, 0)
                   || ' points, purchases earned ' || coalesce(l.points, 0) as what
               from customers c
               left join (select tenant_id, customer_id, sum(points) as points from loyalty_days
                     group by tenant_id, customer_id) d
                 on d.tenant_id = c.tenant_id and d.customer_id = c.customer_id
               left join (select e.tenant_id, e.customer_id, sum(e.points - coalesce(o.unearned, 0)) as points
                     from points_ledger e
                     left join points_lots o on o.tenant_id = e.tenant_id and o.customer_id = e.customer_id
                       and o.ledger_seq = e.seq
                     where e.kind = 'EARN'
                       and e.cause_kind in ('order', 'import', 'booking', 'session', 'purchase')
                     group by e.tenant_id, e.customer_id) l
                 on l.tenant_id = c.tenant_id and l.customer_id = c.customer_id
               where coalesce(d.points, 0) <> coalesce(l.points, 0)
             ) broken limit $1",
        ),
    },
];
