-- Guests who are on the leaderboards of their chain, and as whom.
create table leaderboard_members (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  alias text not null,
  alias_fold text collate "C" not null,
  since bigint not null,
  primary key (tenant_id, customer_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create unique index leaderboard_members_by_alias on leaderboard_members (tenant_id, alias_fold);

-- What a member earned at a venue from starts_on to the day before ends_before. Who is no member has no row.
create table leaderboard_points (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  period text collate "C" not null check (period in ('WEEK', 'MONTH', 'YEAR', 'ALL')),
  starts_on text collate "C" not null,
  ends_before text collate "C" not null,
  customer_id text collate "C" not null,
  points bigint not null,
  primary key (tenant_id, venue_id, period, starts_on, customer_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, customer_id) references leaderboard_members (tenant_id, customer_id)
);

create index leaderboard_points_by_place on leaderboard_points
  (tenant_id, venue_id, period, starts_on, points, customer_id);

create index leaderboard_points_by_member on leaderboard_points (tenant_id, customer_id);
