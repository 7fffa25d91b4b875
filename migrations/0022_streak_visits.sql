-- The visits that a streak has counted, with the run as it was after their period: what a refund leaves is read here.
-- Visits of one period say the same.
create table streak_visits (
  tenant_id text collate "C" not null,
  customer_id text collate "C" not null,
  streak_id text collate "C" not null,
  period_start text collate "C" not null,
  business_day text collate "C" not null,
  venue_id text collate "C" not null,
  periods bigint not null check (periods >= 1),
  primary key (tenant_id, customer_id, streak_id, period_start, business_day, venue_id),
  foreign key (tenant_id, streak_id) references streaks (tenant_id, streak_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index streak_visits_by_day on streak_visits (tenant_id, customer_id, business_day, venue_id);

-- Visits with the Monday before them, or their own.
-- only: sqlite
create view weekly as
select tenant_id, customer_id, business_day, venue_id, date(business_day, '-6 days', 'weekday 1') as monday
from visits where purchases > 0;

-- only: postgres
create view weekly as
select tenant_id, customer_id, business_day, venue_id,
  to_char(date_trunc('week', cast(business_day as date)), 'YYYY-MM-DD') collate "C" as monday
from visits where purchases > 0;

-- The visits that may count for a guest's runs, with the period that they are in.
create view countable as
select r.tenant_id, r.customer_id, r.streak_id, r.last_start, r.periods, v.business_day, v.venue_id,
  case s.period when 'DAY' then v.business_day when 'WEEK' then v.monday
    else substr(v.business_day, 1, 7) || '-01' end as period_start
from streak_runs r
join streaks s on s.tenant_id = r.tenant_id and s.streak_id = r.streak_id
join weekly v on v.tenant_id = r.tenant_id and v.customer_id = r.customer_id
where exists (select 1 from streak_venues a where a.tenant_id = r.tenant_id and a.streak_id = r.streak_id
  and a.venue_id in ('*', v.venue_id));

-- Of a run that began before, its last period and the period of the visit before that are known.
insert into streak_visits (tenant_id, customer_id, streak_id, period_start, business_day, venue_id, periods)
select tenant_id, customer_id, streak_id, last_start, business_day, venue_id, periods
from countable where business_day >= last_start and period_start <= last_start;

insert into streak_visits (tenant_id, customer_id, streak_id, period_start, business_day, venue_id, periods)
select c.tenant_id, c.customer_id, c.streak_id, c.period_start, c.business_day, c.venue_id, c.periods - 1
from (
  select tenant_id, customer_id, streak_id, max(period_start) as period_start
  from countable where periods > 1 and business_day < last_start
  group by tenant_id, customer_id, streak_id
) b
join countable c on c.tenant_id = b.tenant_id and c.customer_id = b.customer_id and c.streak_id = b.streak_id
  and c.period_start = b.period_start and c.business_day < c.last_start;

drop view countable;

drop view weekly;
