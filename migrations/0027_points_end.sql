-- points_end_at: no open lot of the customer ends before; null: none of them ends. Who is due is found among customers,
-- and a lot stands in one index less.

-- only: sqlite
alter table customers add column points_end_at integer;

-- only: postgres
alter table customers add column points_end_at bigint;

update customers set points_end_at =
  (select min(l.expires_at) from points_lots l
   where l.tenant_id = customers.tenant_id and l.customer_id = customers.customer_id and l.open > 0);

create index customers_by_points_end on customers (tenant_id, points_end_at) where points_end_at is not null;

drop index points_lots_by_expiry;
