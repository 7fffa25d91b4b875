-- Accrual rules (acr_) and promotions (prm_): what earns points beside the program's own two numbers.
create table earning_rules (
  tenant_id text collate "C" not null references tenants (tenant_id),
  rule_id text collate "C" not null,
  kind text not null check (kind in ('ACCRUAL', 'PROMOTION')),
  version bigint not null default 1,
  name text not null,
  name_fold text collate "C" not null,
  terms text not null,
  customer_group_id text collate "C",
  points_max bigint check (points_max > 0),
  paused_at bigint,
  archived_at bigint,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, rule_id)
);

create index earning_rules_by_name on earning_rules (tenant_id, kind, name_fold, rule_id) where archived_at is null;

create index earning_rules_by_group on earning_rules (tenant_id, customer_group_id)
  where customer_group_id is not null and archived_at is null;

-- venue_id '*' is every venue of the chain.
create table earning_rule_venues (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  rule_id text collate "C" not null,
  primary key (tenant_id, venue_id, rule_id),
  foreign key (tenant_id, rule_id) references earning_rules (tenant_id, rule_id)
);

create index earning_rule_venues_by_rule on earning_rule_venues (tenant_id, rule_id);

-- L23: what a rule looks at is the tenant's own.
create table earning_rule_targets (
  tenant_id text collate "C" not null,
  rule_id text collate "C" not null,
  target_id text collate "C" not null,
  category_id text collate "C",
  product_id text collate "C",
  primary key (tenant_id, rule_id, target_id),
  foreign key (tenant_id, rule_id) references earning_rules (tenant_id, rule_id),
  foreign key (tenant_id, category_id) references categories (tenant_id, category_id),
  foreign key (tenant_id, product_id) references products (tenant_id, product_id),
  check (target_id = coalesce(category_id, product_id) and (category_id is null or product_id is null))
);

-- What a promotion has given a customer less what came back, beside the cap in force when it last gave.
create table promotion_counts (
  tenant_id text collate "C" not null,
  rule_id text collate "C" not null,
  customer_id text collate "C" not null,
  points bigint not null check (points >= 0),
  points_max bigint,
  primary key (tenant_id, rule_id, customer_id),
  foreign key (tenant_id, rule_id) references earning_rules (tenant_id, rule_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  check (points_max is null or points <= points_max)
);

create table promotion_gains (
  tenant_id text collate "C" not null,
  purchase_id text collate "C" not null,
  rule_id text collate "C" not null,
  customer_id text collate "C" not null,
  given bigint not null check (given > 0),
  returned bigint not null default 0 check (returned >= 0 and returned <= given),
  at bigint not null,
  primary key (tenant_id, purchase_id, rule_id),
  foreign key (tenant_id, rule_id, customer_id) references promotion_counts (tenant_id, rule_id, customer_id)
);

create index promotion_gains_by_rule on promotion_gains (tenant_id, rule_id, customer_id);

-- The first purchase of each look: one of another kind of source that looks the same waits for staff.
create table purchase_looks (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  venue_id text collate "C" not null,
  business_day text collate "C" not null,
  amount bigint not null,
  source text collate "C" not null,
  purchase_id text collate "C" not null,
  primary key (tenant_id, customer_id, venue_id, business_day, amount),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id)
);

-- L27: what another system reports is one purchase, however often it says so.
create table reported_purchases (
  tenant_id text collate "C" not null,
  system text collate "C" not null,
  external_id text collate "C" not null,
  purchase_id text collate "C" not null,
  venue_id text collate "C" not null,
  customer_id text collate "C" not null,
  amount bigint not null check (amount >= 0),
  currency text not null,
  at bigint not null,
  state text not null check (state in ('EARNED', 'PARKED', 'LINKED')),
  points bigint not null default 0 check (points >= 0),
  reported_at bigint not null,
  primary key (tenant_id, system, external_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id)
);

create table parked_purchases (
  tenant_id text collate "C" not null,
  parked_id text collate "C" not null,
  purchase_id text collate "C" not null,
  looks_like text collate "C" not null,
  source text collate "C" not null,
  venue_id text collate "C" not null,
  customer_id text collate "C" not null,
  business_day text collate "C" not null,
  amount bigint not null,
  currency text not null,
  at bigint not null,
  basket text not null,
  parked_at bigint not null,
  decided_at bigint,
  decision text check (decision in ('LINKED', 'PARTED')),
  primary key (tenant_id, parked_id),
  unique (tenant_id, purchase_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  check ((decided_at is null) = (decision is null))
);

create index parked_purchases_open on parked_purchases (tenant_id, venue_id, parked_at, parked_id)
  where decided_at is null;

-- Lots that get another end because the program's changed: how far it is, and by which terms.
create table lot_migrations (
  tenant_id text collate "C" not null references tenants (tenant_id),
  migration_id text collate "C" not null,
  state text not null check (state in ('RUNNING', 'DONE')),
  terms text not null,
  customers bigint not null default 0,
  lots bigint not null default 0,
  points bigint not null default 0,
  after_customer text collate "C" not null default '',
  after_lot text collate "C" not null default '',
  last_touched text collate "C" not null default '',
  started_at bigint not null,
  ended_at bigint,
  primary key (tenant_id, migration_id),
  check ((state = 'DONE') = (ended_at is not null))
);

-- One at a time: two would write over each other.
create unique index lot_migrations_running on lot_migrations (tenant_id) where state = 'RUNNING';
