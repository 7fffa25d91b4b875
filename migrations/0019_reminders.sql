-- reminder_days: the reminder of a lot's end that comes next, so many days before it; 0: none comes any more.
-- only: sqlite
alter table points_lots add column reminder_days integer not null default 30 check (reminder_days in (0, 7, 30));

-- only: postgres
alter table points_lots add column reminder_days bigint not null default 30 check (reminder_days in (0, 7, 30));

create index points_lots_by_reminder on points_lots (tenant_id, reminder_days, expires_at)
  where open > 0 and expires_at is not null and reminder_days > 0;

-- By the day of the end and then by customer: who is next to lose points lies beside whoever was before, in the index
-- as in the tables, so that a step of the job touches few pages.
drop index points_lots_by_expiry;

create index points_lots_by_expiry on points_lots (tenant_id, (expires_at / 86400000000), customer_id)
  where open > 0 and expires_at is not null;
