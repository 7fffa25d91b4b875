create table streaks (
  tenant_id text collate "C" not null references tenants (tenant_id),
  streak_id text collate "C" not null,
  name text not null,
  name_fold text collate "C" not null,
  period text not null check (period in ('DAY', 'WEEK', 'MONTH')),
  length bigint not null check (length >= 2),
  bonus_points bigint not null check (bonus_points > 0),
  grace_days bigint not null check (grace_days >= 0),
  paused_at bigint,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, streak_id)
);

create index streaks_by_name on streaks (tenant_id, name_fold, streak_id) where archived_at is null;

-- At which venues a visit counts for a streak: '*' is every venue of the chain.
create table streak_venues (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  streak_id text collate "C" not null,
  primary key (tenant_id, venue_id, streak_id),
  foreign key (tenant_id, streak_id) references streaks (tenant_id, streak_id)
);

create index streak_venues_by_streak on streak_venues (tenant_id, streak_id);

-- Periods in a row in which a guest came; last_start is the first day of the last of them.
create table streak_runs (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  streak_id text collate "C" not null,
  last_start text collate "C" not null,
  periods bigint not null check (periods >= 1),
  primary key (tenant_id, customer_id, streak_id),
  foreign key (tenant_id, streak_id) references streaks (tenant_id, streak_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

-- Append-only. L05: the key is that a bonus is paid once a period.
create table streak_bonuses (
  tenant_id text collate "C" not null,
  streak_id text collate "C" not null,
  customer_id text collate "C" not null,
  period_start text collate "C" not null,
  points bigint not null,
  at bigint not null,
  primary key (tenant_id, streak_id, customer_id, period_start),
  foreign key (tenant_id, streak_id) references streaks (tenant_id, streak_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

-- only: sqlite
create trigger streak_bonus_stays before update on streak_bonuses
begin select raise(abort, 'L26: a bonus never changes'); end;

-- only: sqlite
create trigger streak_bonus_remains before delete on streak_bonuses
begin select raise(abort, 'L26: a bonus never vanishes'); end;

-- only: postgres
create trigger streak_bonus_stays before update or delete on streak_bonuses
  for each row execute function refuse_change();
