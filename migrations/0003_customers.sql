create table customer_groups (
  tenant_id text collate "C" not null references tenants (tenant_id),
  group_id text collate "C" not null,
  name text not null,
  description text,
  color text,
  members bigint not null default 0 check (members >= 0),
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, group_id),
  unique (tenant_id, name)
);

-- Lists are JSON: what is filtered has a column or a row in customer_terms.
create table customers (
  tenant_id text collate "C" not null references tenants (tenant_id),
  customer_id text collate "C" not null,
  email text collate "C",
  phone text collate "C",
  first_name text,
  last_name text,
  birth_on text collate "C",
  gender text,
  language text not null,
  color_type text,
  tags text not null default '[]',
  group_id text collate "C",
  consented_at bigint,
  tax_ids text not null default '[]',
  billing_address text,
  invoice_settings text,
  metadata text not null default '{}',
  source text not null,
  loyalty_points bigint not null default 0,
  points_debt bigint not null default 0 check (points_debt >= 0),
  ledger_rows bigint not null default 0,
  total_visits bigint not null default 0,
  first_visit_at bigint,
  last_visit_at bigint,
  paid_orders bigint not null default 0,
  total_spent bigint not null default 0,
  merged_into text collate "C",
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, customer_id),
  foreign key (tenant_id, group_id) references customer_groups (tenant_id, group_id)
);

create unique index customers_by_email on customers (tenant_id, email)
  where email is not null and archived_at is null;

create unique index customers_by_phone on customers (tenant_id, phone)
  where phone is not null and archived_at is null;

create index customers_by_update on customers (tenant_id, updated_at, customer_id);

create index customers_by_spend on customers (tenant_id, total_spent, customer_id);

create index customers_by_last_visit on customers (tenant_id, last_visit_at, customer_id);

create index customers_by_group on customers (tenant_id, group_id, customer_id) where group_id is not null;

-- A guest at a venue: the same counters, there.
create table customer_venues (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  customer_id text collate "C" not null,
  total_visits bigint not null default 0,
  first_visit_at bigint not null,
  last_visit_at bigint not null,
  paid_orders bigint not null default 0,
  total_spent bigint not null default 0,
  primary key (tenant_id, venue_id, customer_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index customer_venues_by_customer on customer_venues (tenant_id, customer_id);

create index customer_venues_recent on customer_venues (tenant_id, venue_id, last_visit_at, customer_id);

-- One guest at one venue on one business day, whatever it left behind.
create table visits (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  business_day text collate "C" not null,
  venue_id text collate "C" not null,
  at bigint not null,
  primary key (tenant_id, customer_id, business_day, venue_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

-- Folded words, their one-letter deletions, tags, and digits of the phone; prefixes are ranges of it.
create table customer_terms (
  tenant_id text collate "C" not null,
  term text collate "C" not null,
  customer_id text collate "C" not null,
  primary key (tenant_id, term, customer_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index customer_terms_by_customer on customer_terms (tenant_id, customer_id);
