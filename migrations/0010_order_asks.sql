-- What was asked of an order beside its lines: codes, discounts that staff gave, automatic ones that are off.
alter table orders add column asks text not null default '{}';

alter table order_discounts rename to order_discounts_before;

-- The discounts that an order bears now; at payment they stay as they were.
-- discount_id is null where the rule was made up at the till, or is a tier's or the points'.
-- given: the value that staff gave an open discount. bound: whether somebody of rank had to stand by (L10).
create table order_discounts (
  tenant_id text collate "C" not null,
  order_id text collate "C" not null,
  order_discount_id text collate "C" not null,
  origin text not null check (origin in
    ('AUTOMATIC', 'TIER', 'COUPON', 'PREDEFINED', 'MANUAL', 'REWARD', 'POINTS')),
  discount_id text collate "C",
  discount_version bigint,
  coupon_id text collate "C",
  amount bigint not null check (amount >= 0),
  given bigint,
  comp_reason text,
  venue_id text collate "C" not null,
  comp_on text collate "C",
  bound text not null default 'FREE' check (bound in ('FREE', 'APPROVAL')),
  applied_by text not null,
  authorized_by text collate "C",
  authorized_rank text,
  primary key (tenant_id, order_id, order_discount_id),
  foreign key (tenant_id, order_id) references orders (tenant_id, order_id),
  foreign key (tenant_id, discount_id, discount_version)
    references discount_versions (tenant_id, discount_id, version),
  foreign key (tenant_id, authorized_by) references staff (tenant_id, staff_id),
  check ((discount_id is null) = (discount_version is null)),
  check ((comp_reason is null) = (comp_on is null)),
  check (bound = 'FREE' or (authorized_by is not null and authorized_rank in ('MANAGER', 'OWNER')))
);

insert into order_discounts (tenant_id, order_id, order_discount_id, origin, discount_id, discount_version, amount,
  venue_id, applied_by)
select b.tenant_id, b.order_id, b.order_discount_id, 'AUTOMATIC', b.discount_id, b.discount_version, b.amount,
  o.venue_id, o.served_by
from order_discounts_before b join orders o on o.tenant_id = b.tenant_id and o.order_id = b.order_id;

drop table order_discounts_before;

create index order_discounts_by_discount on order_discounts (tenant_id, discount_id, order_id)
  where discount_id is not null;

create index order_discounts_comps on order_discounts (tenant_id, venue_id, comp_on, order_id)
  where comp_on is not null;
