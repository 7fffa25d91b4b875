//! What must be true between orders, payments, customers and points.

use crate::hall::law::{Check, Law};

pub const ALL: &[Law] = &[
    Law {
        number: "L23",
        about: "Money for an order is for one of the tenant's",
        check: Check::Query(
            "select p.tenant_id, 'payment ' || p.payment_id || ' is for nobody''s order ' || p.subject_id
             from payments p left join orders o on o.tenant_id = p.tenant_id and o.order_id = p.subject_id
             where p.subject_kind = 'ORDER' and o.order_id is null limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "A customer's orders and spend are what their paid orders say less what went back, in all and per venue",
        check: Check::Query(
            "select tenant_id, what from (
               select c.tenant_id, 'customer ' || c.customer_id || ' counts ' || c.paid_orders || ' orders and '
                   || c.total_spent || ', the orders say ' || coalesce(o.orders, 0) || ' and '
                   || coalesce(o.spent, 0) as what
               from customers c left join (select tenant_id, customer_id,
                   sum(case when status = 'REFUNDED' then 0 else 1 end) as orders,
                   sum(reporting_total - reporting_refunded) as spent
                 from orders where status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED')
                 group by tenant_id, customer_id) o
                 on o.tenant_id = c.tenant_id and o.customer_id = c.customer_id
               where c.paid_orders <> coalesce(o.orders, 0) or c.total_spent <> coalesce(o.spent, 0)
               union all
               select v.tenant_id, 'customer ' || v.customer_id || ' at ' || v.venue_id || ' counts '
                   || v.paid_orders || ' orders and ' || v.total_spent || ', the orders say '
                   || coalesce(o.orders, 0) || ' and ' || coalesce(o.spent, 0) as what
               from customer_venues v left join (select tenant_id, customer_id, venue_id,
                   sum(case when status = 'REFUNDED' then 0 else 1 end) as orders,
                   sum(reporting_total - reporting_refunded) as spent
                 from orders where status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED')
                 group by tenant_id, customer_id, venue_id) o
                 on o.tenant_id = v.tenant_id and o.customer_id = v.customer_id and o.venue_id = v.venue_id
               where v.paid_orders <> coalesce(o.orders, 0) or v.total_spent <> coalesce(o.spent, 0)
             ) broken limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "The days that tiers count by hold the spend of orders and of reported purchases, less refunds",
        check: Check::Query(
            "select c.tenant_id, 'customer ' || c.customer_id || ' spent ' || coalesce(d.spend, 0)
                || ' for tiers, the orders say ' || coalesce(o.spend, 0) || ' and the reports '
                || coalesce(r.spend, 0)
             from customers c
             left join (select tenant_id, customer_id, sum(spend) as spend from loyalty_days
                 group by tenant_id, customer_id) d
               on d.tenant_id = c.tenant_id and d.customer_id = c.customer_id
             left join (select tenant_id, customer_id, sum(reporting_total - reporting_refunded) as spend from orders
                 where status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED') group by tenant_id, customer_id) o
               on o.tenant_id = c.tenant_id and o.customer_id = c.customer_id
             left join (select tenant_id, customer_id, sum(spend) as spend, count(*) - count(spend) as unknown
                 from reported_purchases group by tenant_id, customer_id) r
               on r.tenant_id = c.tenant_id and r.customer_id = c.customer_id
             where coalesce(d.spend, 0) <> coalesce(o.spend, 0) + coalesce(r.spend, 0) and coalesce(r.unknown, 0) = 0
             limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "Of a refunded order nothing counts as spent, and of one from which nothing went back all does",
        check: Check::Query(
            "select o.tenant_id, 'order ' || o.order_id || ' is ' || o.status || ' and counts '
                || (o.reporting_total - o.reporting_refunded) || ' of ' || o.reporting_total
             from orders o
             where (o.status = 'REFUNDED' and o.reporting_refunded <> o.reporting_total)
               or (o.status in ('OPEN', 'VOIDED', 'PAID') and o.reporting_refunded <> 0)
               or o.reporting_refunded > o.reporting_total
             limit $1",
        ),
    },
    Law {
        number: "L13",
        about: "An order is paid exactly when nothing is due on it",
        check: Check::Query(
            "select tenant_id, 'order ' || order_id || ' is ' || status || ' and closed at '
                || coalesce(closed_at, 0)
             from orders
             where (status = 'OPEN') <> (closed_at is null)
               or (status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED')) <> (reporting_total is not null) limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "Points are held for one of the tenant's orders",
        check: Check::Query(
            "select h.tenant_id, h.points || ' points of ' || h.customer_id || ' are held for nobody''s order '
               || h.purchase_id
             from points_holds h left join orders o on o.tenant_id = h.tenant_id and o.order_id = h.purchase_id
             where o.order_id is null limit $1",
        ),
    },
    Law {
        number: "L08",
        about: "Only an open order holds points, of its own customer, and without an end while there is money on it",
        check: Check::Query(
            "select h.tenant_id, 'order ' || h.purchase_id || ' is ' || o.status || ' with ' || o.paid
               || ' paid and holds points of ' || h.customer_id
             from points_holds h join orders o on o.tenant_id = h.tenant_id and o.order_id = h.purchase_id
             where o.status <> 'OPEN' or coalesce(o.customer_id, '') <> h.customer_id
               or (h.held_until is null and o.paid = 0)
             limit $1",
        ),
    },
    Law {
        number: "L08",
        about: "Only an open order holds uses, and without an end while there is money on it",
        check: Check::Query(
            "select u.tenant_id, 'order ' || u.purchase_id || ' is ' || o.status || ' with ' || o.paid
               || ' paid and holds a use of ' || u.subject_id
             from uses u join orders o on o.tenant_id = u.tenant_id and o.order_id = u.purchase_id
             where u.state = 'HELD' and (o.status <> 'OPEN' or (u.held_until is null and o.paid = 0))
             limit $1",
        ),
    },
    Law {
        number: "L27",
        about: "Points of an order come from one that is paid, and go to its customer",
        check: Check::Query(
            "select l.tenant_id, 'row ' || l.seq || ' of ' || l.customer_id || ' comes from order ' || l.cause_id
             from points_ledger l left join orders o on o.tenant_id = l.tenant_id and o.order_id = l.cause_id
             where l.kind = 'EARN' and l.cause_kind in ('order', 'import')
               and (o.order_id is null or o.status in ('OPEN', 'VOIDED')
                 or coalesce(o.customer_id, '') <> l.customer_id)
             limit $1",
        ),
    },
];
