//! What must be true of rewards and their vouchers.

use crate::hall::law::{Check, Law};

pub const ALL: &[Law] = &[
    Law {
        number: "L25",
        about: "A reward counts its redemptions that stand, in all and by customer",
        check: Check::Query(
            "select c.tenant_id, 'reward ' || c.reward_id || ' counts ' || c.uses || ' redemptions, there are '
                || count(v.voucher_id)
             from reward_counts c
             left join vouchers v on v.tenant_id = c.tenant_id and v.reward_id = c.reward_id and v.points > 0
               and v.cancelled_at is null and (c.customer_id = '' or v.customer_id = c.customer_id)
             group by c.tenant_id, c.reward_id, c.customer_id, c.uses
             having c.uses <> count(v.voucher_id)
             union all
             select v.tenant_id, 'reward ' || v.reward_id || ' was redeemed by ' || v.customer_id
                || ' and not counted'
             from vouchers v
             left join reward_counts c on c.tenant_id = v.tenant_id and c.reward_id = v.reward_id
               and c.customer_id = v.customer_id
             left join reward_counts t on t.tenant_id = v.tenant_id and t.reward_id = v.reward_id
               and t.customer_id = ''
             where v.points > 0 and v.cancelled_at is null and (c.uses is null or t.uses is null)
             limit $1",
        ),
    },
    Law {
        number: "L08",
        about: "No reward was redeemed more often than the limit in force when it was, in all and by customer",
        check: Check::Query(
            "select tenant_id, 'reward ' || reward_id || ' was redeemed ' || uses || ' times of at most ' || uses_max
             from reward_counts where uses > uses_max limit $1",
        ),
    },
    Law {
        number: "L27",
        about: "A redeemed voucher has its row of the ledger, such a row its voucher, a cancelled one its points back",
        check: Check::Query(
            "select tenant_id, what from (
               select v.tenant_id, 'voucher ' || v.voucher_id || ' cost ' || v.points || ', the ledger says '
                   || coalesce(sum(l.points), 0) as what
               from vouchers v
               left join points_ledger l on l.tenant_id = v.tenant_id and l.cause_id = v.voucher_id
                 and l.customer_id = v.customer_id and l.kind = 'REDEEM'
               where v.points > 0
               group by v.tenant_id, v.voucher_id, v.points
               having coalesce(sum(l.points), 0) <> - v.points
               union all
               select l.tenant_id, 'row ' || l.seq || ' of ' || l.customer_id || ' paid for no voucher' as what
               from points_ledger l
               left join vouchers v on v.tenant_id = l.tenant_id and v.voucher_id = l.cause_id
                 and v.customer_id = l.customer_id and v.points > 0
               where l.kind = 'REDEEM' and l.cause_kind = 'reward' and v.voucher_id is null
               union all
               select v.tenant_id, 'voucher ' || v.voucher_id || ' was cancelled at '
                   || coalesce(v.cancelled_at, 0) || ' and ' || coalesce(sum(l.points), 0) || ' points went back'
               from vouchers v
               left join points_ledger l on l.tenant_id = v.tenant_id and l.cause_id = v.voucher_id
                 and l.customer_id = v.customer_id and l.kind = 'REVERSE'
               where v.points > 0
               group by v.tenant_id, v.voucher_id, v.points, v.cancelled_at
               having coalesce(sum(l.points), 0) <> case when v.cancelled_at is null then 0 else v.points end
             ) broken limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "A voucher is a code of its customer's own, for its reward, and a cancelled one is of no use",
        check: Check::Query(
            "select v.tenant_id, 'voucher ' || v.voucher_id || ' is the code ' || v.coupon_id || ' of '
                || coalesce(b.customer_id, 'anybody')
             from vouchers v
             left join coupons c on c.tenant_id = v.tenant_id and c.coupon_id = v.coupon_id
             left join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
             where b.customer_id is null or b.customer_id <> v.customer_id
             union all
             select v.tenant_id, 'voucher ' || v.voucher_id || ' is cancelled and its code is live'
             from vouchers v
             join coupons c on c.tenant_id = v.tenant_id and c.coupon_id = v.coupon_id
             where v.cancelled_at is not null and c.archived_at is null
             limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "A reward is given at venues of its own tenant",
        check: Check::Query(
            "select r.tenant_id, r.reward_id || ' is given at nobody''s venue ' || r.venue_id
             from reward_venues r
             left join venues v on v.tenant_id = r.tenant_id and v.venue_id = r.venue_id
             where r.venue_id <> '*' and v.venue_id is null limit $1",
        ),
    },
];
