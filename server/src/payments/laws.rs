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
