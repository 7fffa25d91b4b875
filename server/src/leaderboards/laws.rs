//! What must be true of leaderboards.

use crate::hall::law::{Check, Law};

pub const ALL: &[Law] = &[
    Law {
        number: "L25",
        about: "What a leaderboard says of a member is what they earned there in those days, and nothing is left out",
        check: Check::Query(
            "select tenant_id, what from (
               select p.tenant_id, 'the board ' || p.period || ' of ' || p.starts_on || ' at ' || p.venue_id
                   || ' gives ' || p.customer_id || ' ' || p.points || ' points, the days say '
                   || coalesce(sum(d.points), 0) as what
               from leaderboard_points p left join loyalty_days d on d.tenant_id = p.tenant_id
                 and d.customer_id = p.customer_id and d.venue_id = p.venue_id
                 and d.business_day >= p.starts_on and d.business_day < p.ends_before
               group by p.tenant_id, p.venue_id, p.period, p.starts_on, p.customer_id, p.points
               having p.points <> coalesce(sum(d.points), 0)
               union all
               select d.tenant_id, 'of the points of ' || d.customer_id || ' on ' || d.business_day || ' at '
                   || d.venue_id || ' ' || count(p.period) || ' boards know' as what
               from loyalty_days d
               join leaderboard_members m on m.tenant_id = d.tenant_id and m.customer_id = d.customer_id
               left join leaderboard_points p on p.tenant_id = d.tenant_id and p.customer_id = d.customer_id
                 and p.venue_id = d.venue_id and d.business_day >= p.starts_on
                 and d.business_day < p.ends_before
               where d.points <> 0
               group by d.tenant_id, d.customer_id, d.business_day, d.venue_id
               having count(p.period) <> 4
             ) broken limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "On a leaderboard are members of the chain, at venues of its own",
        check: Check::Query(
            "select p.tenant_id, 'the board ' || p.period || ' of ' || p.venue_id || ' names ' || p.customer_id
               || ', who is no member, or the venue is nobody''s'
             from leaderboard_points p
             left join leaderboard_members m on m.tenant_id = p.tenant_id and m.customer_id = p.customer_id
             left join venues v on v.tenant_id = p.tenant_id and v.venue_id = p.venue_id
             where m.customer_id is null or v.venue_id is null
             limit $1",
        ),
    },
];
