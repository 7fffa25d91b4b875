use crate::hall::law::{Check, Law};

pub const OWN_VENUES: Law = Law {
    number: "L23",
    about: "A discount is live at venues of its tenant",
    check: Check::Query(
        "select d.tenant_id, d.discount_id || ' is live at nobody''s venue ' || d.venue_id
         from discount_venues d
         left join venues v on v.tenant_id = d.tenant_id and v.venue_id = d.venue_id
         where d.venue_id <> '*' and v.venue_id is null limit $1",
    ),
};

pub const ALL_VERSIONS: Law = Law {
    number: "L30",
    about: "Each discount has every version up to its own, so that what was decided can be reckoned again",
    check: Check::Query(
        "select d.tenant_id, d.discount_id || ' has not all versions up to its own'
         from discounts d
         where d.version <> (select count(*) from discount_versions v
           where v.tenant_id = d.tenant_id and v.discount_id = d.discount_id and v.version <= d.version)
         limit $1",
    ),
};

pub const OWN_AUDIENCE: Law = Law {
    number: "L23",
    about: "A discount goes to groups and customers of its tenant",
    check: Check::Query(
        "select a.tenant_id, a.discount_id || ' goes to nobody''s ' || a.audience
         from discount_audience a
         left join customers c on c.tenant_id = a.tenant_id and c.customer_id = a.audience
         left join customer_groups g on g.tenant_id = a.tenant_id and g.group_id = a.audience
         where a.audience not in ('*', 'staff') and c.customer_id is null and g.group_id is null limit $1",
    ),
};

pub const SHARES_APART: Law = Law {
    number: "L30",
    about: "No customer is in two variants of an experiment, so that all stay in theirs",
    check: Check::Query(
        "select a.tenant_id, a.experiment_id || ' gives ' || a.variant || ' what ' || b.variant || ' has'
         from experiment_variants a
         join experiment_variants b on b.tenant_id = a.tenant_id and b.experiment_id = a.experiment_id
           and b.from_bp > a.from_bp and b.from_bp < a.until_bp limit $1",
    ),
};
