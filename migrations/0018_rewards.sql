-- What points are given for. discount_id: the rule that its vouchers go by, hidden unless the reward names one.
create table rewards (
  tenant_id text collate "C" not null references tenants (tenant_id),
  reward_id text collate "C" not null,
  name text not null,
  name_fold text collate "C" not null,
  points_cost bigint not null check (points_cost > 0),
  kind text not null check (kind in ('AMOUNT_OFF', 'PERCENT_OFF', 'FREE_ITEM', 'VOUCHER')),
  terms text not null,
  discount_id text collate "C" not null,
  product_id text collate "C",
  paused_at bigint,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, reward_id),
  foreign key (tenant_id, discount_id) references discounts (tenant_id, discount_id),
  foreign key (tenant_id, product_id) references products (tenant_id, product_id)
);

create index rewards_by_name on rewards (tenant_id, name_fold, reward_id) where archived_at is null;

-- At which venues staff give a reward and its vouchers are good: '*' is every venue of the chain.
create table reward_venues (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  reward_id text collate "C" not null,
  primary key (tenant_id, venue_id, reward_id),
  foreign key (tenant_id, reward_id) references rewards (tenant_id, reward_id)
);

create index reward_venues_by_reward on reward_venues (tenant_id, reward_id);

-- Redemptions that stand: by customer, and in all where customer_id is ''. uses_max: the limit when it last rose (L08).
create table reward_counts (
  tenant_id text collate "C" not null,
  reward_id text collate "C" not null,
  customer_id text collate "C" not null,
  uses bigint not null check (uses >= 0),
  uses_max bigint,
  primary key (tenant_id, reward_id, customer_id),
  foreign key (tenant_id, reward_id) references rewards (tenant_id, reward_id)
);

-- A voucher is issued once for each cause: a redemption, of which it is itself the cause, a tier, a streak.
create table vouchers (
  tenant_id text collate "C" not null,
  voucher_id text collate "C" not null,
  customer_id text collate "C" not null,
  reward_id text collate "C" not null,
  coupon_id text collate "C" not null,
  cause_kind text not null,
  cause_id text collate "C" not null,
  points bigint not null check (points >= 0),
  gives text not null,
  issued_at bigint not null,
  expires_at bigint,
  cancelled_at bigint,
  primary key (tenant_id, voucher_id),
  unique (tenant_id, customer_id, cause_kind, cause_id),
  unique (tenant_id, coupon_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id),
  foreign key (tenant_id, reward_id) references rewards (tenant_id, reward_id),
  foreign key (tenant_id, coupon_id) references coupons (tenant_id, coupon_id),
  check ((cause_kind = 'points') = (points > 0)),
  check (expires_at is null or expires_at > issued_at)
);

create index vouchers_by_customer on vouchers (tenant_id, customer_id, voucher_id);

create index vouchers_by_reward on vouchers (tenant_id, reward_id, customer_id);

-- only: sqlite
create trigger voucher_remains before delete on vouchers
begin select raise(abort, 'L26: a voucher never vanishes'); end;

-- only: postgres
create trigger voucher_remains before delete on vouchers
  for each row execute function refuse_change();

-- A streak gives points or a voucher.
-- only: sqlite
alter table streaks add column bonus integer check (bonus > 0);

-- only: sqlite
update streaks set bonus = bonus_points;

-- only: sqlite
alter table streaks drop column bonus_points;

-- only: sqlite
alter table streaks rename column bonus to bonus_points;

-- only: postgres
alter table streaks alter column bonus_points drop not null;

alter table streaks add column reward_id text collate "C" check ((reward_id is null) <> (bonus_points is null));

-- The run as it was before its last period, so that a refund can undo that one; periods 0: there was none.
alter table streak_runs add column before_periods bigint;

alter table streak_runs add column before_start text collate "C";

-- What a streak gave for a period. A refund takes it back, and the period may then be completed once more: turn 2.
create table streak_awards (
  tenant_id text collate "C" not null,
  streak_id text collate "C" not null,
  customer_id text collate "C" not null,
  period_start text collate "C" not null,
  turn bigint not null check (turn >= 1),
  points bigint not null check (points >= 0),
  at bigint not null,
  taken_back_at bigint,
  primary key (tenant_id, streak_id, customer_id, period_start, turn),
  foreign key (tenant_id, streak_id) references streaks (tenant_id, streak_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

-- L05: a bonus is paid once a period.
create unique index streak_awards_live on streak_awards (tenant_id, streak_id, customer_id, period_start)
  where taken_back_at is null;

create index streak_awards_by_customer on streak_awards (tenant_id, customer_id, period_start);

insert into streak_awards (tenant_id, streak_id, customer_id, period_start, turn, points, at)
  select tenant_id, streak_id, customer_id, period_start, 1, points, at from streak_bonuses;

drop table streak_bonuses;

-- only: sqlite
create trigger streak_award_remains before delete on streak_awards
begin select raise(abort, 'L26: what a streak gave never vanishes'); end;

-- only: postgres
create trigger streak_award_remains before delete on streak_awards
  for each row execute function refuse_change();
