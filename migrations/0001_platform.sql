-- The one table without a tenant: what is looked up before anybody knows whose it is.
create table directory (
  kind text collate "C" not null,
  lookup text collate "C" not null,
  tenant_id text collate "C" not null,
  ref_id text collate "C" not null,
  primary key (kind, lookup)
);

create index directory_by_ref on directory (tenant_id, ref_id);

create table tenants (
  tenant_id text collate "C" not null,
  slug text collate "C" not null,
  name text not null,
  mode text not null check (mode in ('LIVE', 'TEST')),
  language text not null,
  currency text not null,
  -- Set by the first payment: what was reported in a currency is not reported in another.
  currency_fixed_at bigint,
  -- The host name of the guests' pages, where one is set up.
  host text collate "C",
  clock_offset_micros bigint not null default 0,
  version bigint not null default 1,
  created_at bigint not null,
  primary key (tenant_id)
);

create table venues (
  tenant_id text collate "C" not null references tenants (tenant_id),
  venue_id text collate "C" not null,
  slug text collate "C" not null,
  name text not null,
  zone text not null,
  country text not null,
  currency text not null,
  language text not null,
  business_day_start text not null,
  tax_mode text not null check (tax_mode in ('INCLUSIVE', 'EXCLUSIVE')),
  till_mode text not null check (till_mode in ('FULL', 'COMPANION')),
  opening_hours text not null,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  primary key (tenant_id, venue_id),
  unique (tenant_id, slug)
);

create table tax_classes (
  tenant_id text collate "C" not null references tenants (tenant_id),
  tax_class_id text collate "C" not null,
  name text not null,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  primary key (tenant_id, tax_class_id),
  unique (tenant_id, name)
);

-- rate_milli: thousandths of a percent, so 8.875 % is 8875.
create table tax_rates (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  tax_class_id text collate "C" not null,
  valid_from text collate "C" not null,
  rate_milli bigint not null check (rate_milli >= 0 and rate_milli <= 100000),
  primary key (tenant_id, venue_id, tax_class_id, valid_from),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, tax_class_id) references tax_classes (tenant_id, tax_class_id)
);

-- rate: reporting currency per unit of the currency, as a decimal text.
create table reporting_rates (
  tenant_id text collate "C" not null references tenants (tenant_id),
  currency text collate "C" not null,
  valid_from text collate "C" not null,
  rate text not null,
  primary key (tenant_id, currency, valid_from)
);

create table staff (
  tenant_id text collate "C" not null references tenants (tenant_id),
  staff_id text collate "C" not null,
  name text not null,
  email text collate "C",
  password_hash text,
  pin_hash text,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  primary key (tenant_id, staff_id)
);

create unique index staff_by_email on staff (tenant_id, email) where archived_at is null;

-- venue_id '*' is every venue of the chain.
create table staff_roles (
  tenant_id text collate "C" not null,
  staff_id text collate "C" not null,
  venue_id text collate "C" not null,
  role text not null check (role in ('OWNER', 'MANAGER', 'STAFF')),
  primary key (tenant_id, staff_id, venue_id),
  foreign key (tenant_id, staff_id) references staff (tenant_id, staff_id)
);

-- Tries of a PIN, a password or a one-time code, by whom they are counted against.
create table secret_tries (
  tenant_id text collate "C" not null references tenants (tenant_id),
  subject text collate "C" not null,
  failed bigint not null check (failed >= 0),
  reserved bigint not null default 0 check (reserved >= 0),
  locked_until bigint,
  last_at bigint not null,
  primary key (tenant_id, subject)
);

create table devices (
  tenant_id text collate "C" not null,
  device_id text collate "C" not null,
  venue_id text collate "C" not null,
  name text not null,
  pairing_expires_at bigint,
  paired_at bigint,
  revoked_at bigint,
  last_seen_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  primary key (tenant_id, device_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id)
);

create index devices_by_venue on devices (tenant_id, venue_id, device_id);

-- venues and scopes: JSON lists; an empty one is no limit.
create table api_keys (
  tenant_id text collate "C" not null references tenants (tenant_id),
  key_id text collate "C" not null,
  name text not null,
  hint text not null,
  role text not null check (role in ('OWNER', 'MANAGER', 'STAFF')),
  venues text not null,
  scopes text not null,
  expires_at bigint,
  revoked_at bigint,
  last_used_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  primary key (tenant_id, key_id)
);

create table sessions (
  tenant_id text collate "C" not null references tenants (tenant_id),
  session_id text collate "C" not null,
  kind text not null check (kind in ('STAFF', 'CUSTOMER')),
  staff_id text collate "C",
  customer_id text collate "C",
  device_id text collate "C",
  created_at bigint not null,
  expires_at bigint not null,
  ended_at bigint,
  primary key (tenant_id, session_id),
  foreign key (tenant_id, staff_id) references staff (tenant_id, staff_id),
  foreign key (tenant_id, device_id) references devices (tenant_id, device_id),
  check ((kind = 'STAFF') = (staff_id is not null)),
  check ((kind = 'CUSTOMER') = (customer_id is not null))
);

create index sessions_by_staff on sessions (tenant_id, staff_id) where staff_id is not null;

create index sessions_by_customer on sessions (tenant_id, customer_id) where customer_id is not null;

create index sessions_by_device on sessions (tenant_id, device_id) where device_id is not null;

create index sessions_by_expiry on sessions (tenant_id, expires_at);

-- What another system calls a row of ours.
create table external_refs (
  tenant_id text collate "C" not null references tenants (tenant_id),
  kind text collate "C" not null,
  system text collate "C" not null,
  ref text collate "C" not null,
  id text collate "C" not null,
  primary key (tenant_id, kind, system, ref)
);

create index external_refs_by_id on external_refs (tenant_id, id);
