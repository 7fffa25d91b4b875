//! What must be true of orders. Amounts are compared as stored; what was decided is decided again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use engine::discount::Discount as Rule;
use engine::refund::{Ask, Refunded, refund};

use super::Line;
use super::decide::{Decided, line};
use super::recorded::{Recorded, Version};
use super::store::kept::{self, Kept, KeptRefund};
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
        number: "L10",
        about: "A comp has a reason, and what needs somebody of rank had somebody who works here",
        check: Check::Query(
            "select d.tenant_id, 'discount ' || d.order_discount_id || ' of ' || d.order_id || ' has no reason'
             from order_discounts d where d.comp_on is not null and trim(coalesce(d.comp_reason, '')) = ''
             union all
             select d.tenant_id, 'discount ' || d.order_discount_id || ' of ' || d.order_id || ' was approved by '
                || coalesce(d.authorized_by, 'nobody') || ' as ' || coalesce(d.authorized_rank, 'nothing')
             from order_discounts d
             left join staff s on s.tenant_id = d.tenant_id and s.staff_id = d.authorized_by
             where d.bound = 'APPROVAL' and (s.staff_id is null or d.authorized_rank is null
               or d.authorized_rank not in ('MANAGER', 'OWNER'))
             limit $1",
        ),
    },
    Law {
        number: "L12",
        about: "What was paid for an order, with tips, is its total and the cash rounding",
        check: Check::Query(
            "select o.tenant_id, 'order ' || o.order_id || ' is ' || o.status || ', paid ' || o.paid
                || ' of ' || o.total || ', its payments say ' || (o.captured - o.given_back)
             from (select tenant_id, order_id, status, paid, total, rounding,
                 coalesce((select sum(p.amount + p.tip) from payments p
                   where p.tenant_id = orders.tenant_id and p.subject_id = orders.order_id
                     and p.kind <> 'REFUND' and p.status <> 'FAILED' and p.status <> 'VOIDED'), 0) as captured,
                 coalesce((select sum(r.amount + r.tip + r.rounding) from order_refunds r
                   where r.tenant_id = orders.tenant_id and r.order_id = orders.order_id
                     and r.kind = 'PAYMENT'), 0) as given_back
               from orders) o
             where o.paid <> o.captured - o.given_back
               or (o.status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED') and o.paid <> o.total + o.rounding)
               or (o.status = 'OPEN' and o.paid > o.total + o.rounding)
               or (o.status = 'VOIDED' and o.paid <> 0)
             limit $1",
        ),
    },
    Law {
        number: "L12",
        about: "What went back of an order is what its refunds and its payments say, and at most what it cost",
        check: Check::Query(
            "select o.tenant_id, 'order ' || o.order_id || ' gave back ' || o.refunded || ', its refunds say '
                || coalesce(r.amount + r.tip + r.rounding, 0) || ', its payments ' || coalesce(p.amount, 0)
             from orders o
             left join (select tenant_id, order_id, sum(amount) as amount, sum(tip) as tip,
                 sum(rounding) as rounding, sum(tax) as tax
               from order_refunds where kind = 'SALE' group by tenant_id, order_id) r
               on r.tenant_id = o.tenant_id and r.order_id = o.order_id
             left join (select tenant_id, order_id, sum(amount + tip + rounding) as amount,
                 sum(rounding) as rounding
               from order_refunds where kind = 'PAYMENT' group by tenant_id, order_id) g
               on g.tenant_id = o.tenant_id and g.order_id = o.order_id
             left join (select tenant_id, subject_id, sum(amount + tip) as amount, sum(rounding) as rounding
               from payments where kind = 'REFUND' and status = 'SUCCEEDED' group by tenant_id, subject_id) p
               on p.tenant_id = o.tenant_id and p.subject_id = o.order_id
             where o.refunded <> coalesce(r.amount + r.tip + r.rounding, 0)
               or o.refunded + coalesce(g.amount, 0) <> coalesce(p.amount, 0)
               or coalesce(r.rounding, 0) + coalesce(g.rounding, 0) <> coalesce(p.rounding, 0)
               or coalesce(r.amount, 0) > o.total - o.tip or coalesce(r.tip, 0) > o.tip
               or coalesce(r.tax, 0) > o.tax
             limit $1",
        ),
    },
    Law {
        number: "L13",
        about: "An order is refunded when all that it cost went back, and in part when some did",
        check: Check::Query(
            "select o.tenant_id, 'order ' || o.order_id || ' is ' || o.status || ' after '
                || coalesce(r.refunds, 0) || ' refunds of ' || coalesce(r.amount, 0)
             from orders o
             left join (select tenant_id, order_id, sum(amount) as amount, count(*) as refunds
               from order_refunds where kind = 'SALE' group by tenant_id, order_id) r
               on r.tenant_id = o.tenant_id and r.order_id = o.order_id
             where (o.status in ('PARTIALLY_REFUNDED', 'REFUNDED')) <> (r.refunds is not null)
               or (o.status = 'REFUNDED' and r.amount <> o.total - o.tip)
               or (o.status = 'PARTIALLY_REFUNDED' and r.amount = o.total - o.tip and o.total > o.tip)
             limit $1",
        ),
    },
    Law {
        number: "L26",
        about: "The refunds of an order are numbered 1, 2, 3 … without a gap",
        check: Check::Query(
            "select tenant_id, 'order ' || order_id || ' has ' || count(*) || ' refunds up to ' || max(seq)
             from order_refunds group by tenant_id, order_id having count(*) <> max(seq) limit $1",
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
        number: "L23",
        about: "What was sold, and what other systems call an order, is the tenant's",
        // Lines have no foreign keys to the catalogue: what is on an order stays whatever becomes of the product.
        check: Check::Query(
            "select l.tenant_id, 'line ' || l.line_id || ' names nobody''s ' || l.product_id
             from order_lines l
             left join products p on p.tenant_id = l.tenant_id and p.product_id = l.product_id
             where l.product_id is not null and p.product_id is null
             union all
             select l.tenant_id, 'line ' || l.line_id || ' names nobody''s ' || l.category_id
             from order_lines l
             left join categories c on c.tenant_id = l.tenant_id and c.category_id = l.category_id
             where l.category_id is not null and c.category_id is null
             union all
             select l.tenant_id, 'line ' || l.line_id || ' names nobody''s ' || l.tax_class_id
             from order_lines l
             left join tax_classes t on t.tenant_id = l.tenant_id and t.tax_class_id = l.tax_class_id
             where l.tax_class_id is not null and t.tax_class_id is null
             union all
             select r.tenant_id, 'a reference in ' || r.system || ' names nobody''s ' || r.id
             from external_refs r left join orders o on o.tenant_id = r.tenant_id and o.order_id = r.id
             where r.kind = 'ord' and o.order_id is null
             limit $1",
        ),
    },
    Law {
        number: "L29",
        about: "Each refund is what the engine reckons after the ones before it",
        check: Check::Walk(reckon_again),
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
    let mut rules = Rules::new();
    loop {
        let stride = kept::kept_after(across, &after, STRIDE)?;
        let Some(last) = stride.last() else {
            return Ok(found);
        };
        let last = last.place.clone();
        let mut lines = kept::lines_between(across, &after, &last)?;
        let mut borne = kept::versions_between(across, &after, &last)?;
        for kept in stride {
            let lines = lines.remove(&kept.place).unwrap_or_default();
            let borne = borne.remove(&kept.place).unwrap_or_default();
            learn(across, &kept, &mut rules)?;
            if let Some(wrong) = wrong(&kept, &lines, &borne, &rules) {
                let (tenant, order) = kept.place;
                found.push((tenant, format!("order {order} {wrong}")));
            }
            if found.len() as i64 >= BREACHES_MAX {
                return Ok(found);
            }
        }
        after = last;
    }
}

/// Reckons every refund again, a stride of orders at a time.
fn reckon_again(across: &mut Across<'_>) -> Result<Vec<(String, String)>> {
    let mut after = (String::new(), String::new());
    let mut found = Vec::new();
    loop {
        let stride = kept::refunded_after(across, &after, STRIDE)?;
        let Some(last) = stride.last() else {
            return Ok(found);
        };
        let last = last.place.clone();
        let mut refunds = kept::refunds_between(across, &after, &last)?;
        for order in stride {
            let kept = refunds.remove(&order.place).unwrap_or_default();
            if let Some(seq) = order
                .decided
                .as_ref()
                .map_or(Some(1), |decided| first_wrong(decided, &kept))
            {
                let (tenant, id) = order.place;
                found.push((
                    tenant,
                    format!("refund {seq} of order {id} is reckoned otherwise"),
                ));
            }
            if found.len() as i64 >= BREACHES_MAX {
                return Ok(found);
            }
        }
        after = last;
    }
}

/// The number of the first refund that is not what the sale and the ones before it make it.
fn first_wrong(decided: &Decided, kept: &[Option<KeptRefund>]) -> Option<i64> {
    let sale = &decided.evaluation;
    let mut so_far = Refunded::none(sale);
    for (kept, seq) in kept.iter().zip(1..) {
        let Some(kept) = kept else { return Some(seq) };
        let figures = [
            kept.refund.amount,
            kept.refund.tax,
            kept.refund.points_restored,
        ];
        if kept.figures != figures {
            return Some(seq);
        }
        // Of a tip alone: nothing that was sold went back with it.
        let is_tip = matches!(&kept.ask, Ask::Items(items) if items.is_empty());
        let is_sound = if is_tip {
            kept.refund.so_far == so_far && figures == [0; 3]
        } else {
            refund(sale, &so_far, &kept.ask).is_ok_and(|again| again == kept.refund)
        };
        if !is_sound {
            return Some(seq);
        }
        so_far = kept.refund.so_far.clone();
    }
    None
}

/// Versions of published rules that were looked up, by tenant; `None` for one that is not there or cannot be read.
type Rules = HashMap<(String, Version), Option<Rule>>;

/// About 20 MB of rules of a usual size; when it is full it begins anew.
const RULES_MAX: usize = 4_096;

/// Looks up the versions that an order was decided by, where they are not known yet.
fn learn(across: &mut Across<'_>, kept: &Kept, rules: &mut Rules) -> Result<()> {
    if rules.len() >= RULES_MAX {
        rules.clear();
    }
    let candidates = kept.decided.iter().flat_map(|decided| &decided.candidates);
    for version in candidates.filter_map(Recorded::version) {
        let key = (kept.place.0.clone(), version);
        if let Entry::Vacant(place) = rules.entry(key) {
            let rule = kept::version(across, &kept.place.0, version)?;
            place.insert(rule);
        }
    }
    Ok(())
}

/// The first thing in which an order is not what was decided. What cannot be read or is refused today is as
/// much a breach as what comes out otherwise. `borne` are the versions that its rows name.
fn wrong(
    kept: &Kept,
    lines: &[Option<Line>],
    borne: &[Option<Version>],
    rules: &Rules,
) -> Option<&'static str> {
    let Some(decided) = &kept.decided else {
        return Some("was decided by what cannot be read");
    };
    let rule = |version: Version| rules.get(&(kept.place.0.clone(), version))?.clone();
    let again = decided.again(rule).ok().flatten();
    if again.as_ref() != Some(&decided.evaluation) {
        return Some("is decided otherwise today");
    }
    let totals = &decided.evaluation.totals;
    let figures = [totals.subtotal, totals.discounts, totals.tax];
    if kept.figures != figures || kept.currency != decided.evaluation.currency.code() {
        return Some("bears other figures than were decided");
    }
    let sold = |kept: &Option<Line>| kept.as_ref().and_then(|kept| line(kept).ok());
    let lines: Option<Vec<_>> = lines.iter().map(sold).collect();
    if lines.as_ref() != Some(&decided.order.lines) {
        return Some("has other lines than were decided");
    }
    let mut published = decided
        .candidates
        .iter()
        .filter(|one| one.version().is_some());
    let was_weighed = |borne: &Option<Version>| {
        let mut candidates = decided.candidates.iter();
        borne.is_some() && candidates.any(|one| one.version() == *borne)
    };
    let is_sound = published.all(|one| {
        one.version()
            .and_then(rule)
            .is_some_and(|rule| one.fits(&rule))
    }) && borne.iter().all(was_weighed);
    (!is_sound).then_some("was decided by another rule than its version is")
}
