-- The ladder of a chain, one text per version; an edit is the next version. Until the first the default holds.
create table tier_ladders (
  tenant_id text collate "C" not null references tenants (tenant_id),
  version bigint not null check (version >= 1),
  ladder text not null,
  at bigint not null,
  primary key (tenant_id, version)
);

-- How far the guests of a chain have been looked at since an edit: all up to walked_to, or all where ended_at is set.
create table tier_walks (
  tenant_id text collate "C" not null,
  version bigint not null,
  walked_to text collate "C" not null default '',
  ended_at bigint,
  primary key (tenant_id, version),
  foreign key (tenant_id, version) references tier_ladders (tenant_id, version)
);

create index tier_walks_open on tier_walks (tenant_id, version) where ended_at is null;

-- What a guest did at a venue on a business day: points earned less those taken back, spend less refunds in minor
-- units of the reporting currency.
create table loyalty_days (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  business_day text collate "C" not null,
  venue_id text collate "C" not null,
  visits bigint not null,
  points bigint not null,
  spend bigint not null,
  primary key (tenant_id, customer_id, business_day, venue_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

-- The standing of a guest who has risen once; without a row it is the first tier of the ladder. review_on: the day by
-- which somebody looks again, never later than the one on which the tier may end.
create table customer_tiers (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  tier_id text collate "C" not null,
  tier_name text not null,
  rank bigint not null check (rank >= 0),
  since bigint not null,
  review_on text collate "C",
  changes bigint not null check (changes >= 1),
  primary key (tenant_id, customer_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index customer_tiers_by_review on customer_tiers (tenant_id, review_on, customer_id)
  where review_on is not null;

-- Append-only (L05): which rule (ladder version, tier) and which figures moved a guest, and how fast one might rise.
create table tier_changes (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  seq bigint not null check (seq >= 1),
  from_tier text collate "C" not null,
  from_rank bigint not null,
  to_tier text collate "C" not null,
  to_rank bigint not null,
  ladder_version bigint not null,
  velocity_tiers bigint,
  velocity_micros bigint,
  detail text not null,
  cause_kind text not null,
  cause_id text collate "C" not null,
  at bigint not null,
  primary key (tenant_id, customer_id, seq),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index tier_changes_by_time on tier_changes (tenant_id, customer_id, at);

-- only: sqlite
create trigger tier_ladder_stays before update on tier_ladders
begin select raise(abort, 'L30: a published ladder never changes'); end;

-- only: sqlite
create trigger tier_ladder_remains before delete on tier_ladders
begin select raise(abort, 'L30: a published ladder never vanishes'); end;

-- only: postgres
create trigger tier_ladder_stays before update or delete on tier_ladders
  for each row execute function refuse_change();

-- only: sqlite
create trigger tier_change_stays before update on tier_changes
begin select raise(abort, 'L26: a change of tier never changes'); end;

-- only: sqlite
create trigger tier_change_remains before delete on tier_changes
begin select raise(abort, 'L26: a change of tier never vanishes'); end;

-- only: postgres
create trigger tier_change_stays before update or delete on tier_changes
  for each row execute function refuse_change();

-- What the till shows beside a name: the tier's name as it was when the guest reached it or the ladder was edited.
alter table customers add column tier text;
