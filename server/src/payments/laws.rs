//! What must be true of payment rows, whatever they were for.

use crate::hall::law::{Check, Law};

pub const ALL: &[Law] = &[
    Law {
        number: "L12",
        about: "What came back of a payment is at most what came in",
        check: Check::Query(
            "select p.tenant_id, 'payment ' || p.payment_id || ' took ' || p.amount || ' and gave back '
                || sum(c.amount)
             from payments p join payments c on c.tenant_id = p.tenant_id and c.parent_id = p.payment_id
             where c.status = 'SUCCEEDED'
             group by p.tenant_id, p.payment_id, p.amount
             having sum(c.amount) > p.amount limit $1",
        ),
    },
    Law {
        number: "L12",
        about: "What a payment says has gone back is what its refunds say, and its status follows",
        check: Check::Query(
            "select p.tenant_id, 'payment ' || p.payment_id || ' is ' || p.status || ' and gave back ' || p.refunded
                || ' and ' || p.refunded_tip || ', its refunds say ' || coalesce(c.amount, 0) || ' and '
                || coalesce(c.tip, 0)
             from payments p left join (select tenant_id, parent_id, sum(amount) as amount, sum(tip) as tip,
                 sum(rounding) as rounding, count(*) as refunds
               from payments where parent_id is not null and status = 'SUCCEEDED' group by tenant_id, parent_id) c
               on c.tenant_id = p.tenant_id and c.parent_id = p.payment_id
             where p.refunded <> coalesce(c.amount, 0) or p.refunded_tip <> coalesce(c.tip, 0)
               or p.refunded_rounding <> coalesce(c.rounding, 0) or p.refunded_tip > p.tip
               or (p.status in ('PARTIALLY_REFUNDED', 'REFUNDED')) <> (coalesce(c.refunds, 0) > 0)
               or (p.status = 'REFUNDED') <> (coalesce(c.refunds, 0) > 0 and p.refunded = p.amount
                 and p.refunded_rounding = p.rounding)
               or (p.kind = 'REFUND') <> (p.parent_id is not null)
             limit $1",
        ),
    },
    Law {
        number: "L13",
        about: "A payment's status is the last of its trail, which begins at 1 and has no gap",
        check: Check::Query(
            "select p.tenant_id, 'payment ' || p.payment_id || ' is ' || p.status
                || ', its trail says ' || coalesce(t.to_status, 'nothing')
             from payments p left join payment_trail t
               on t.tenant_id = p.tenant_id and t.payment_id = p.payment_id
               and t.seq = (select count(*) from payment_trail n
                            where n.tenant_id = p.tenant_id and n.payment_id = p.payment_id)
             where t.to_status is null or t.to_status <> p.status limit $1",
        ),
    },
    Law {
        number: "L15",
        about: "All amounts on one subject share one currency",
        check: Check::Query(
            "select tenant_id, 'subject ' || subject_id || ' has ' || min(currency) || ' and ' || max(currency)
             from payments group by tenant_id, subject_id
             having min(currency) <> max(currency) limit $1",
        ),
    },
];
