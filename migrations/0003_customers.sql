create table customer_groups (
  tenant_id text collate "C" not null references tenants (tenant_id),
  group_id text collate "C" not null,
  name text collate "C" not null,
  description text,
  color text,
  members bigint not null default 0 check (members >= 0),
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, group_id),
  unique (tenant_id, name)
);

-- At which venues a group is seen: '*' is every venue of the chain.
create table customer_group_venues (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  group_id text collate "C" not null,
  primary key (tenant_id, venue_id, group_id),
  foreign key (tenant_id, group_id) references customer_groups (tenant_id, group_id)
);

create index customer_group_venues_by_group on customer_group_venues (tenant_id, group_id);

-- sort_name: the folded name, last name first. last_seen_at: the last visit, or else when they became known.
-- Lists are JSON: what is filtered has a column or a row in customer_terms.
create table customers (
  tenant_id text collate "C" not null references tenants (tenant_id),
  customer_id text collate "C" not null,
  email text collate "C",
  phone text collate "C",
  first_name text,
  last_name text,
  sort_name text collate "C" not null,
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
  last_seen_at bigint not null,
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

create index customers_by_seen on customers (tenant_id, last_seen_at, customer_id);

create index customers_by_name on customers (tenant_id, sort_name, customer_id);

create index customers_by_group on customers (tenant_id, group_id, customer_id) where group_id is not null;

-- A guest at a venue: the same counters, there. A guest made known there is seen there before the first visit.
create table customer_venues (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  customer_id text collate "C" not null,
  total_visits bigint not null default 0,
  first_visit_at bigint,
  last_visit_at bigint,
  last_seen_at bigint not null,
  paid_orders bigint not null default 0,
  total_spent bigint not null default 0,
  primary key (tenant_id, venue_id, customer_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index customer_venues_by_customer on customer_venues (tenant_id, customer_id);

create index customer_venues_by_seen on customer_venues (tenant_id, venue_id, last_seen_at, customer_id);

create index customer_venues_by_spend on customer_venues (tenant_id, venue_id, total_spent, customer_id);

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

-- By what a customer is recognised beside email, phone and references: a card, a line of an imported file.
create table customer_keys (
  tenant_id text collate "C" not null,
  kind text collate "C" not null check (kind in ('CARD', 'FILE_LINE')),
  key text collate "C" not null,
  customer_id text collate "C" not null,
  primary key (tenant_id, kind, key),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index customer_keys_by_customer on customer_keys (tenant_id, customer_id);

-- Folded words, `~` with their one-letter deletions, `#` with tags, the phone as it is and `<` with its digits
-- from behind; prefixes are ranges of it.
create table customer_terms (
  tenant_id text collate "C" not null,
  term text collate "C" not null,
  customer_id text collate "C" not null,
  primary key (tenant_id, term, customer_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index customer_terms_by_customer on customer_terms (tenant_id, customer_id, term);

-- A one-time code on its way to a guest; a new one for the address replaces it.
create table sign_in_codes (
  tenant_id text collate "C" not null references tenants (tenant_id),
  address text collate "C" not null,
  code_hash bytea not null,
  expires_at bigint not null,
  primary key (tenant_id, address)
);

create index sign_in_codes_by_expiry on sign_in_codes (tenant_id, expires_at);
