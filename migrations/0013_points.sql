-- What became of points: which lots a redemption took, what a row reverses, what open orders hold.
-- owed: what reversals of the lot turned into debt, being spent already.
-- only: sqlite
alter table points_lots add column owed integer not null default 0 check (owed >= 0);

-- only: postgres
alter table points_lots add column owed bigint not null default 0 check (owed >= 0);

-- reverses: the number of the row of the same customer that this one takes back.
-- only: sqlite
alter table points_ledger add column reverses integer check ((reverses is null) = (kind <> 'REVERSE'));

-- only: postgres
alter table points_ledger add column reverses bigint check ((reverses is null) = (kind <> 'REVERSE'));

-- L27: a refund reverses a row once.
create unique index points_ledger_by_reversed on points_ledger (tenant_id, customer_id, reverses, cause_id)
  where reverses is not null;

-- A balance is brought from elsewhere once.
create unique index points_ledger_by_opening on points_ledger (tenant_id, customer_id, cause_id)
  where kind = 'OPENING';

create index points_lots_by_row on points_lots (tenant_id, customer_id, ledger_seq);

create index points_lots_open on points_lots (tenant_id, customer_id, expires_at, lot_id) where open > 0;

-- Points that a redemption took from a lot, and how many of them went back.
create table points_uses (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  ledger_seq bigint not null,
  lot_id text collate "C" not null,
  points bigint not null check (points > 0),
  restored bigint not null default 0 check (restored >= 0 and restored <= points),
  primary key (tenant_id, customer_id, ledger_seq, lot_id),
  foreign key (tenant_id, customer_id, ledger_seq) references points_ledger (tenant_id, customer_id, seq),
  foreign key (tenant_id, customer_id, lot_id) references points_lots (tenant_id, customer_id, lot_id)
);

-- Points held by open orders; customers.points_held is their sum.
-- only: sqlite
alter table customers add column points_held integer not null default 0 check (points_held >= 0);

-- only: postgres
alter table customers add column points_held bigint not null default 0 check (points_held >= 0);

-- held_until null: there is money on the order.
create table points_holds (
  tenant_id text collate "C" not null references tenants (tenant_id),
  purchase_id text collate "C" not null,
  customer_id text collate "C" not null,
  points bigint not null check (points > 0),
  held_until bigint,
  primary key (tenant_id, purchase_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index points_holds_by_customer on points_holds (tenant_id, customer_id);

create index points_holds_by_end on points_holds (tenant_id, held_until) where held_until is not null;
