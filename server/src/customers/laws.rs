//! The laws that this room's tables keep, as `audit verify` asks them.

use crate::hall::law::{Check, Law};

pub const LAWS: &[Law] = &[
    Law {
        number: "L22",
        about: "Email and phone are unique among a tenant's active customers",
        check: Check::Query(
            "select tenant_id, 'email of ' || min(customer_id) || ' and ' || max(customer_id)
             from customers where archived_at is null and email is not null
             group by tenant_id, email having count(*) > 1
             union all
             select tenant_id, 'phone of ' || min(customer_id) || ' and ' || max(customer_id)
             from customers where archived_at is null and phone is not null
             group by tenant_id, phone having count(*) > 1
             union all
             select tenant_id, customer_id || ' was merged and is live, or has points'
             from customers where merged_into is not null
               and (archived_at is null or loyalty_points <> 0 or points_debt <> 0)
             limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "What stands outside foreign keys names customers and venues of its own tenant",
        check: Check::Query(
            "select g.tenant_id, g.group_id || ' is seen at nobody''s venue ' || g.venue_id
             from customer_group_venues g
             left join venues v on v.tenant_id = g.tenant_id and v.venue_id = g.venue_id
             where g.venue_id <> '*' and v.venue_id is null
             union all
             select c.tenant_id, c.customer_id || ' was merged into nobody''s ' || c.merged_into
             from customers c
             left join customers i on i.tenant_id = c.tenant_id and i.customer_id = c.merged_into
             where c.merged_into is not null and i.customer_id is null
             union all
             select r.tenant_id, 'a reference in ' || r.system || ' names nobody''s ' || r.id
             from external_refs r
             left join customers c on c.tenant_id = r.tenant_id and c.customer_id = r.id
             where r.kind = 'cus' and c.customer_id is null
             limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "A customer's visits equal the visits that left something behind, in all and at each venue",
        check: Check::Query(
            "select c.tenant_id, c.customer_id || ' counts ' || c.total_visits || ' visits of '
               || coalesce(v.visits, 0)
             from customers c
             left join (select tenant_id, customer_id, count(*) as visits from visits
               where purchases > 0 group by tenant_id, customer_id) v
               on v.tenant_id = c.tenant_id and v.customer_id = c.customer_id
             where c.total_visits <> coalesce(v.visits, 0)
             union all
             select c.tenant_id, c.customer_id || ' counts ' || c.total_visits || ' visits of '
               || coalesce(v.visits, 0) || ' at ' || c.venue_id
             from customer_venues c
             left join (select tenant_id, venue_id, customer_id, count(*) as visits from visits
               where purchases > 0 group by tenant_id, venue_id, customer_id) v
               on v.tenant_id = c.tenant_id and v.venue_id = c.venue_id
                 and v.customer_id = c.customer_id
             where c.total_visits <> coalesce(v.visits, 0)
             limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "A customer's spend and orders are the sums over the venues",
        check: Check::Query(
            "select c.tenant_id, c.customer_id || ' spent ' || c.total_spent || ' of '
               || coalesce(v.spent, 0)
             from customers c
             left join (select tenant_id, customer_id, cast(sum(total_spent) as bigint) as spent,
               cast(sum(paid_orders) as bigint) as orders from customer_venues
               group by tenant_id, customer_id) v
               on v.tenant_id = c.tenant_id and v.customer_id = c.customer_id
             where c.total_spent <> coalesce(v.spent, 0) or c.paid_orders <> coalesce(v.orders, 0)
             limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "A group's members are its active customers",
        check: Check::Query(
            "select g.tenant_id, g.group_id || ' counts ' || g.members || ' members of '
               || coalesce(c.customers, 0)
             from customer_groups g
             left join (select tenant_id, group_id, count(*) as customers from customers
               where archived_at is null and group_id is not null group by tenant_id, group_id) c
               on c.tenant_id = g.tenant_id and c.group_id = g.group_id
             where g.members <> coalesce(c.customers, 0)
             limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "A file of customers is of a venue of its own tenant, and its lines are of such a file",
        check: Check::Query(
            "select i.tenant_id, i.import_id || ' is of nobody''s venue ' || i.venue_id
             from customer_imports i
             left join venues v on v.tenant_id = i.tenant_id and v.venue_id = i.venue_id
             where v.venue_id is null
             union all
             select l.tenant_id, 'lines are of nobody''s import ' || l.import_id
             from (select tenant_id, import_id from customer_import_chunks
               union select tenant_id, import_id from customer_import_rejects) l
             left join customer_imports i on i.tenant_id = l.tenant_id and i.import_id = l.import_id
             where i.import_id is null
             limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "What an import counts and what waits are the lines of its file, and its bad lines are kept",
        check: Check::Query(
            "select i.tenant_id, i.import_id || ' has ' || i.total || ' lines, counts '
               || (i.created + i.updated + i.unchanged + i.failed) || ' and waits for ' || coalesce(c.lines, 0)
             from customer_imports i
             left join (select tenant_id, import_id, cast(sum(size) as bigint) as lines, count(*) as chunks
               from customer_import_chunks group by tenant_id, import_id) c
               on c.tenant_id = i.tenant_id and c.import_id = i.import_id
             where i.received_at is not null
               and (i.total <> i.created + i.updated + i.unchanged + i.failed + coalesce(c.lines, 0)
                 or i.chunks <> i.taken + coalesce(c.chunks, 0))
             union all
             select i.tenant_id, i.import_id || ' counts ' || i.failed || ' bad lines, there are '
               || coalesce(r.lines, 0)
             from customer_imports i
             left join (select tenant_id, import_id, count(*) as lines
               from customer_import_rejects group by tenant_id, import_id) r
               on r.tenant_id = i.tenant_id and r.import_id = i.import_id
             where coalesce(r.lines, 0) <> case when i.forgotten_at is not null then 0
               when i.failed > 10000 then 10000 else i.failed end
             limit $1",
        ),
    },
];
