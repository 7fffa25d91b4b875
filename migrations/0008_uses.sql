-- What was used up of a rule or a code (subject), by which purchase: at most once each.
create table uses (
  tenant_id text collate "C" not null references tenants (tenant_id),
  subject_id text collate "C" not null,
  purchase_id text collate "C" not null,
  venue_id text collate "C" not null,
  customer_id text collate "C",
  state text not null check (state in ('HELD', 'FINAL', 'RELEASED')),
  held_at bigint not null,
  held_until bigint,
  ended_at bigint,
  saving bigint not null default 0 check (saving >= 0),
  currency text not null,
  first_purchase_of text collate "C",
  primary key (tenant_id, subject_id, purchase_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  check (state <> 'RELEASED' or first_purchase_of is null)
);

create index uses_by_purchase on uses (tenant_id, purchase_id);

create index uses_by_end on uses (tenant_id, held_until) where state = 'HELD' and held_until is not null;

create index uses_by_subject on uses (tenant_id, subject_id, held_at, purchase_id) where state <> 'RELEASED';

create index uses_of_codes on uses (tenant_id, held_at, subject_id, purchase_id)
  where subject_id >= 'cpn_' and subject_id < 'cpo' and state <> 'RELEASED';

create index uses_by_customer on uses (tenant_id, customer_id, held_at) where customer_id is not null;

-- L08: a customer buys for the first time once, whatever the codes and tills.
create unique index uses_first_purchase on uses (tenant_id, first_purchase_of)
  where first_purchase_of is not null;

-- Held and final uses of each counted subject: by customer, and in all where customer_id is ''.
create table use_counts (
  tenant_id text collate "C" not null references tenants (tenant_id),
  subject_id text collate "C" not null,
  customer_id text collate "C" not null,
  uses bigint not null check (uses >= 0),
  primary key (tenant_id, subject_id, customer_id)
);
