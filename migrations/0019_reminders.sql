-- reminder_days: the reminder of a lot's end that comes next, so many days before it; 0: none comes any more.
-- only: sqlite
alter table points_lots add column reminder_days integer not null default 30 check (reminder_days in (0, 7, 30));

-- only: postgres
alter table points_lots add column reminder_days bigint not null default 30 check (reminder_days in (0, 7, 30));

create index points_lots_by_reminder on points_lots (tenant_id, reminder_days, expires_at)
  where open > 0 and expires_at is not null and reminder_days > 0;
