-- venue_id '*' is the chain's; a venue's row holds only the fields that it overrides.
create table loyalty_configs (
  tenant_id text collate "C" not null references tenants (tenant_id),
  venue_id text collate "C" not null,
  config text not null,
  version bigint not null default 1,
  updated_at bigint not null,
  primary key (tenant_id, venue_id)
);

-- Append-only. Numbered 1, 2, 3 … per customer without a gap (L26).
create table points_ledger (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  seq bigint not null check (seq >= 1),
  ledger_id text collate "C" not null,
  kind text not null check (kind in ('EARN', 'REDEEM', 'EXPIRE', 'ADJUST', 'REVERSE', 'MERGE', 'OPENING')),
  points bigint not null,
  balance_after bigint not null,
  venue_id text collate "C",
  cause_kind text not null,
  cause_id text collate "C" not null,
  purchase_id text collate "C",
  earn_kind text check (earn_kind in ('SPEND', 'VISIT', 'BONUS')),
  policy text not null,
  at bigint not null,
  primary key (tenant_id, customer_id, seq),
  unique (tenant_id, ledger_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  check ((kind = 'EARN') = (earn_kind is not null and purchase_id is not null))
);

-- L27: one purchase earns once per kind, whoever reports it.
create unique index points_ledger_by_purchase on points_ledger (tenant_id, purchase_id, earn_kind)
  where kind = 'EARN';

create index points_ledger_by_cause on points_ledger (tenant_id, cause_id);

create table points_lots (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  lot_id text collate "C" not null,
  ledger_seq bigint not null,
  earned_at bigint not null,
  expires_at bigint,
  earned bigint not null check (earned > 0),
  open bigint not null check (open >= 0),
  redeemed bigint not null default 0 check (redeemed >= 0),
  expired bigint not null default 0 check (expired >= 0),
  reversed bigint not null default 0 check (reversed >= 0),
  moved bigint not null default 0 check (moved >= 0),
  settled bigint not null default 0 check (settled >= 0),
  adjusted bigint not null default 0 check (adjusted >= 0),
  primary key (tenant_id, customer_id, lot_id),
  foreign key (tenant_id, customer_id, ledger_seq) references points_ledger (tenant_id, customer_id, seq),
  check (earned = open + redeemed + expired + reversed + moved + settled + adjusted)
);

create index points_lots_by_expiry on points_lots (tenant_id, expires_at) where open > 0 and expires_at is not null;

-- only: sqlite
create trigger points_ledger_stays before update on points_ledger
begin select raise(abort, 'L26: a ledger row never changes'); end;

-- only: sqlite
create trigger points_ledger_remains before delete on points_ledger
begin select raise(abort, 'L26: a ledger row never vanishes'); end;

-- only: postgres
create trigger points_ledger_stays before update or delete on points_ledger
  for each row execute function refuse_change();
