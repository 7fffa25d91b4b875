//! What must be true of points.

use crate::hall::law::{Check, Law};

pub const ALL: &[Law] = &[
    Law {
        number: "L01",
        about: "A customer's points are the sum of their ledger, and each row's balance is the running sum",
        check: Check::Query(
            "select tenant_id, what from (
               select l.tenant_id, 'row ' || l.seq || ' of ' || l.customer_id || ' says ' || l.balance_after
                   || ', the rows so far sum to ' || l.running as what
               from (select tenant_id, customer_id, seq, balance_after,
                       sum(points) over (partition by tenant_id, customer_id order by seq) as running
                     from points_ledger) l
               where l.balance_after <> l.running
               union all
               select c.tenant_id, 'customer ' || c.customer_id || ' shows ' || c.loyalty_points
                   || ', the ledger sums to ' || coalesce(sum(l.points), 0)
               from customers c left join points_ledger l
                 on l.tenant_id = c.tenant_id and l.customer_id = c.customer_id
               group by c.tenant_id, c.customer_id, c.loyalty_points
               having c.loyalty_points <> coalesce(sum(l.points), 0)
             ) broken limit $1",
        ),
    },
    Law {
        number: "L02",
        about: "Balance is open lots less debt, no debt while a lot is open, and each lot's parts are what it earned",
        check: Check::Query(
            "select tenant_id, 'lot ' || lot_id || ' earned ' || earned || ' and its parts are other'
             from points_lots
             where earned <> open + redeemed + expired + reversed + moved + settled + adjusted
               or open < 0 or redeemed < 0 or expired < 0 or reversed < 0 or moved < 0 or settled < 0
               or adjusted < 0
             union all
             select c.tenant_id, 'customer ' || c.customer_id || ' has ' || c.loyalty_points || ', debt '
                || c.points_debt || ', open lots ' || coalesce(sum(o.open), 0)
             from customers c left join points_lots o
               on o.tenant_id = c.tenant_id and o.customer_id = c.customer_id
             group by c.tenant_id, c.customer_id, c.loyalty_points, c.points_debt
             having c.loyalty_points <> coalesce(sum(o.open), 0) - c.points_debt
               or (c.points_debt > 0 and coalesce(sum(o.open), 0) > 0)
             limit $1",
        ),
    },
    Law {
        number: "L26",
        about: "Ledger rows are numbered 1, 2, 3 … for each customer without a gap",
        check: Check::Query(
            "select c.tenant_id, 'customer ' || c.customer_id || ' has ' || count(l.seq) || ' rows up to '
                || coalesce(max(l.seq), 0) || ' and counts ' || c.ledger_rows
             from customers c left join points_ledger l
               on l.tenant_id = c.tenant_id and l.customer_id = c.customer_id
             group by c.tenant_id, c.customer_id, c.ledger_rows
             having count(l.seq) <> coalesce(max(l.seq), 0) or count(l.seq) <> c.ledger_rows
             limit $1",
        ),
    },
    Law {
        number: "L27",
        about: "Each earn has one source, and a source earns once of each kind",
        check: Check::Query(
            "select tenant_id, 'purchase ' || purchase_id || ' earned ' || earn_kind || ' ' || count(*) || ' times'
             from points_ledger where kind = 'EARN'
             group by tenant_id, purchase_id, earn_kind having count(*) > 1
             union all
             select tenant_id, 'row ' || seq || ' of ' || customer_id || ' is earned from nothing'
             from points_ledger where kind = 'EARN' and (purchase_id is null or earn_kind is null)
             limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "A venue whose program is its own is the tenant's",
        check: Check::Query(
            "select l.tenant_id, 'a loyalty program is of nobody''s venue ' || l.venue_id
             from loyalty_configs l
             left join venues v on v.tenant_id = l.tenant_id and v.venue_id = l.venue_id
             where l.venue_id <> '*' and v.venue_id is null limit $1",
        ),
    },
];
