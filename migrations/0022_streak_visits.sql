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

-- Of a run that began before, its last period and the visit before that are known.
insert into streak_visits (tenant_id, customer_id, streak_id, period_start, business_day, venue_id, periods)
select r.tenant_id, r.customer_id, r.streak_id, r.last_start, v.business_day, v.venue_id, r.periods
from streak_runs r
join visits v on v.tenant_id = r.tenant_id and v.customer_id = r.customer_id and v.business_day >= r.last_start
  and v.purchases > 0
where exists (select 1 from streak_venues a where a.tenant_id = r.tenant_id and a.streak_id = r.streak_id
  and a.venue_id in ('*', v.venue_id));

insert into streak_visits (tenant_id, customer_id, streak_id, period_start, business_day, venue_id, periods)
select r.tenant_id, r.customer_id, r.streak_id, v.business_day, v.business_day, min(v.venue_id), r.periods - 1
from streak_runs r
join visits v on v.tenant_id = r.tenant_id and v.customer_id = r.customer_id and v.purchases > 0
where r.periods > 1
  and exists (select 1 from streak_venues a where a.tenant_id = r.tenant_id and a.streak_id = r.streak_id
    and a.venue_id in ('*', v.venue_id))
  and v.business_day = (select max(e.business_day) from visits e
    where e.tenant_id = r.tenant_id and e.customer_id = r.customer_id and e.business_day < r.last_start
      and e.purchases > 0 and exists (select 1 from streak_venues a where a.tenant_id = r.tenant_id
        and a.streak_id = r.streak_id and a.venue_id in ('*', e.venue_id)))
group by r.tenant_id, r.customer_id, r.streak_id, v.business_day, r.periods;
