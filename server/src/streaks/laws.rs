//! What must be true of streaks.

use crate::hall::law::{Check, Law};

pub const ALL: &[Law] = &[
    Law {
        number: "L05",
        about: "A streak's bonus is paid once a period: a row of the ledger or a voucher, and none without a bonus",
        check: Check::Query(
            "select tenant_id, what from (
               select b.tenant_id, 'bonus ' || b.streak_id || ' of ' || b.customer_id || ' for '
                   || b.period_start || ' of ' || b.points || ' was paid ' || coalesce(sum(l.points), 0) as what
               from streak_awards b left join points_ledger l on l.tenant_id = b.tenant_id and l.kind = 'EARN'
                 and l.earn_kind = 'BONUS'
                 and l.purchase_id = b.streak_id || '/' || b.customer_id || '/' || b.period_start
                   || case when b.turn = 1 then '' else '/' || b.turn end
               group by b.tenant_id, b.streak_id, b.customer_id, b.period_start, b.turn, b.points
               having coalesce(sum(l.points), 0) <> b.points
               union all
               select b.tenant_id, 'bonus ' || b.streak_id || ' of ' || b.customer_id || ' for '
                   || b.period_start || ' has no voucher' as what
               from streak_awards b left join vouchers v on v.tenant_id = b.tenant_id and v.cause_kind = 'streak'
                 and v.customer_id = b.customer_id and v.cause_id = b.streak_id || '/' || b.period_start
                   || case when b.turn = 1 then '' else '/' || b.turn end
               where b.points = 0 and v.voucher_id is null
               union all
               select l.tenant_id, 'row ' || l.seq || ' of ' || l.customer_id || ' is the bonus of no streak' as what
               from points_ledger l left join streak_awards b on b.tenant_id = l.tenant_id
                 and b.streak_id = l.cause_id and b.customer_id = l.customer_id
                 and l.purchase_id = b.streak_id || '/' || b.customer_id || '/' || b.period_start
                   || case when b.turn = 1 then '' else '/' || b.turn end
               where l.kind = 'EARN' and l.cause_kind = 'streak' and b.streak_id is null
               union all
               select b.tenant_id, 'period ' || b.period_start || ' of ' || b.streak_id || ' has ' || count(*)
                   || ' bonuses for ' || b.customer_id as what
               from streak_awards b where b.taken_back_at is null
               group by b.tenant_id, b.streak_id, b.customer_id, b.period_start
               having count(*) > 1
             ) broken limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "A run is what the last visit that its streak counted says",
        check: Check::Query(
            "select v.tenant_id, 'a visit of ' || v.customer_id || ' on ' || v.business_day || ' counts as '
                || v.periods || ' for ' || v.streak_id || ', the run is ' || coalesce(r.periods, 0)
             from streak_visits v left join streak_runs r on r.tenant_id = v.tenant_id
               and r.customer_id = v.customer_id and r.streak_id = v.streak_id
             where r.streak_id is null or v.period_start > r.last_start
               or (v.period_start = r.last_start and v.periods <> r.periods)
             union all
             select r.tenant_id, 'the run of ' || r.customer_id || ' for ' || r.streak_id || ' has come to '
                || r.last_start || ', the last visit counts for ' || max(v.period_start)
             from streak_runs r join streak_visits v on v.tenant_id = r.tenant_id
               and v.customer_id = r.customer_id and v.streak_id = r.streak_id
             group by r.tenant_id, r.customer_id, r.streak_id, r.last_start
             having r.last_start > max(v.period_start)
             limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "A streak counts at venues of its own tenant",
        check: Check::Query(
            "select s.tenant_id, s.streak_id || ' counts at nobody''s venue ' || s.venue_id
             from streak_venues s
             left join venues v on v.tenant_id = s.tenant_id and v.venue_id = s.venue_id
             where s.venue_id <> '*' and v.venue_id is null limit $1",
        ),
    },
];
