-- A rule that stands behind a reward: published and versioned like any other, and in nobody's list.
-- only: sqlite
alter table discounts add column hidden_since integer;

-- only: postgres
alter table discounts add column hidden_since bigint;

-- The terms of codes. A code that was made by hand, or changed after, is a batch of its own.
-- The codes of a batch have the ids from first_coupon_id to last_coupon_id.
create table coupon_batches (
  tenant_id text collate "C" not null references tenants (tenant_id),
  batch_id text collate "C" not null,
  discount_id text collate "C" not null,
  customer_id text collate "C",
  venue_id text collate "C",
  terms text not null,
  max_uses bigint,
  max_uses_per_customer bigint,
  prefix text not null,
  code_length bigint,
  quantity bigint not null check (quantity > 0),
  made bigint not null check (made >= 0 and made <= quantity),
  numbered bigint not null check (numbered >= made),
  first_coupon_id text collate "C" not null,
  last_coupon_id text collate "C" not null,
  created_at bigint not null,
  done_at bigint,
  primary key (tenant_id, batch_id),
  foreign key (tenant_id, discount_id) references discounts (tenant_id, discount_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  check ((done_at is null) = (made < quantity))
);

create index coupon_batches_by_discount on coupon_batches (tenant_id, discount_id, batch_id);

create index coupon_batches_by_customer on coupon_batches (tenant_id, customer_id, batch_id)
  where customer_id is not null;

create index coupon_batches_to_make on coupon_batches (tenant_id, batch_id) where done_at is null;

-- Small on purpose: there may be a million of one batch. L23 says that the batch is there.
create table coupons (
  tenant_id text collate "C" not null references tenants (tenant_id),
  coupon_id text collate "C" not null,
  batch_id text collate "C" not null,
  code text collate "C" not null,
  shown text,
  version bigint not null default 1,
  paused_at bigint,
  archived_at bigint,
  primary key (tenant_id, coupon_id)
);

create unique index coupons_by_code on coupons (tenant_id, code) where archived_at is null;

create index coupons_archived on coupons (tenant_id, code) where archived_at is not null;

create index coupons_paused on coupons (tenant_id, code)
  where paused_at is not null and archived_at is null;

-- A code that goes on: from its first paid use it is applied to this customer's orders untyped.
create table coupon_runs (
  tenant_id text collate "C" not null references tenants (tenant_id),
  customer_id text collate "C" not null,
  coupon_id text collate "C" not null,
  purchase_id text collate "C" not null,
  opened_at bigint not null,
  until_at bigint,
  closed_at bigint,
  primary key (tenant_id, customer_id, coupon_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  foreign key (tenant_id, coupon_id) references coupons (tenant_id, coupon_id),
  check (until_at is null or until_at > opened_at)
);

create index coupon_runs_by_purchase on coupon_runs (tenant_id, purchase_id);
