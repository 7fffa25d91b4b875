use crate::hall::law::{Check, Law};

pub const OWN_BATCH: Law = Law {
    number: "L23",
    about: "A code has the terms of a batch of its tenant",
    check: Check::Query(
        "select c.tenant_id, c.coupon_id || ' is of nobody''s batch ' || c.batch_id
         from coupons c left join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
         where b.batch_id is null limit $1",
    ),
};

pub const WITHIN_LIMITS: Law = Law {
    number: "L08",
    about: "No code has more held and final uses than it allows, in all and by customer",
    check: Check::Query(
        "select c.tenant_id, u.subject_id || ' has ' || u.uses || ' uses and allows '
            || case when u.customer_id = '' then b.max_uses else b.max_uses_per_customer end
         from use_counts u
         join coupons c on c.tenant_id = u.tenant_id and c.coupon_id = u.subject_id
         join coupon_batches b on b.tenant_id = c.tenant_id and b.batch_id = c.batch_id
         where u.uses > case when u.customer_id = '' then b.max_uses else b.max_uses_per_customer end limit $1",
    ),
};

pub const OPENED_BY_USE: Law = Law {
    number: "L08",
    about: "A code goes on only for a customer whose first use of it is final",
    check: Check::Query(
        "select r.tenant_id, r.coupon_id || ' goes on for ' || r.customer_id || ' without a final use by '
            || r.purchase_id
         from coupon_runs r
         left join uses u on u.tenant_id = r.tenant_id and u.subject_id = r.coupon_id
           and u.purchase_id = r.purchase_id and u.customer_id = r.customer_id and u.state = 'FINAL'
         where r.closed_at is null and u.purchase_id is null limit $1",
    ),
};

pub const ALL_MADE: Law = Law {
    number: "L25",
    about: "A batch counts the codes that were made for it",
    check: Check::Query(
        "select b.tenant_id, b.batch_id || ' counts ' || b.made || ' codes of ' || count(c.coupon_id)
         from coupon_batches b
         left join coupons c on c.tenant_id = b.tenant_id and c.coupon_id >= b.first_coupon_id
           and c.coupon_id <= b.last_coupon_id
         group by b.tenant_id, b.batch_id, b.made
         having b.made <> count(c.coupon_id) limit $1",
    ),
};
