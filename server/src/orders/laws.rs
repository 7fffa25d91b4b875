//! What must be true of orders. Amounts are compared as stored; what was decided is decided again.

use super::store;
use crate::hall::error::Result;
use crate::hall::law::{BREACHES_MAX, Check, Law};
use crate::hall::store::Across;

/// Orders read at a time when all are walked.
const STRIDE: i64 = 500;

pub const ALL: &[Law] = &[
    Law {
        number: "L06",
        about: "Lines, discounts, tax and tip sum to the order's total",
        check: Check::Query(
            "select o.tenant_id, 'order ' || o.order_id || ' totals ' || o.total
             from orders o
             where o.total <> o.subtotal - o.discounts + o.tip
                 + case when o.tax_mode = 'EXCLUSIVE' then o.tax else 0 end
               or o.discounts <> (select coalesce(sum(d.amount), 0) from order_discounts d
                                  where d.tenant_id = o.tenant_id and d.order_id = o.order_id)
             limit $1",
        ),
    },
    Law {
        number: "L07",
        about: "No line is below zero and no discount takes more than there is",
        check: Check::Query(
            "select tenant_id, 'order ' || order_id || ' discounts ' || discounts || ' of ' || subtotal
             from orders where discounts > subtotal or total < 0 limit $1",
        ),
    },
    Law {
        number: "L12",
        about: "What was paid for an order, with tips, is its total and the cash rounding",
        check: Check::Query(
            "select o.tenant_id, 'order ' || o.order_id || ' is ' || o.status || ', paid ' || o.paid
                || ' of ' || o.total || ', its payments say '
                || coalesce((select sum(p.amount + p.tip) from payments p
                    where p.tenant_id = o.tenant_id and p.subject_id = o.order_id
                      and p.kind <> 'REFUND' and p.status <> 'FAILED' and p.status <> 'VOIDED'), 0)
             from orders o
             where o.paid <> coalesce((select sum(p.amount + p.tip) from payments p
                    where p.tenant_id = o.tenant_id and p.subject_id = o.order_id
                      and p.kind <> 'REFUND' and p.status <> 'FAILED' and p.status <> 'VOIDED'), 0)
               or (o.status = 'PAID' and o.paid <> o.total + o.rounding)
               or (o.status = 'OPEN' and o.paid > o.total + o.rounding)
               or (o.status = 'VOIDED' and o.paid <> 0)
             limit $1",
        ),
    },
    Law {
        number: "L15",
        about: "An order and its payments share one currency",
        check: Check::Query(
            "select o.tenant_id, 'order ' || o.order_id || ' is in ' || o.currency || ', a payment in ' || p.currency
             from orders o join payments p on p.tenant_id = o.tenant_id and p.subject_id = o.order_id
             where p.currency <> o.currency limit $1",
        ),
    },
    Law {
        number: "L30",
        about: "What was decided recomputes to the same from what it was decided by",
        check: Check::Walk(recompute),
    },
];

/// Decides every order again, a stride at a time so that memory does not grow with the history.
fn recompute(across: &mut Across<'_>) -> Result<Vec<(String, String)>> {
    let mut after = (String::new(), String::new());
    let mut found = Vec::new();
    loop {
        let stride = store::decided_after(across, &after, STRIDE)?;
        let Some((tenant, order, _)) = stride.last() else {
            return Ok(found);
        };
        after = (tenant.clone(), order.clone());
        for (tenant, order, decided) in stride {
            if decided.again()? != decided.evaluation {
                found.push((tenant, format!("order {order} is decided otherwise today")));
            }
            if found.len() as i64 >= BREACHES_MAX {
                return Ok(found);
            }
        }
    }
}
