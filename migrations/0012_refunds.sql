-- What has gone back of a payment, as its children say; in coins, without the tip. The statement that adds to it
-- knows what was captured (L12).
alter table payments add column refunded bigint not null default 0 check (refunded >= 0 and refunded <= amount);

alter table payments add column refunded_tip bigint not null default 0
  check (refunded_tip >= 0 and refunded_tip <= tip);

alter table payments add column refunded_rounding bigint not null default 0
  check (refunded - refunded_rounding >= 0 and refunded - refunded_rounding <= amount - rounding);

create index payments_by_parent on payments (tenant_id, parent_id) where parent_id is not null;

-- What went back to the guest with tips, in coins; as `paid` is what came in.
alter table orders add column refunded bigint not null default 0 check (refunded >= 0 and refunded <= paid);

alter table orders add column reporting_refunded bigint not null default 0
  check (reporting_refunded >= 0 and reporting_refunded <= coalesce(reporting_total, 0));

-- Append-only. refund: what the engine reckoned, with all that has gone back after it; payouts: where it went.
create table order_refunds (
  tenant_id text collate "C" not null,
  order_id text collate "C" not null,
  seq bigint not null check (seq >= 1),
  refund_id text collate "C" not null,
  amount bigint not null check (amount >= 0),
  tax bigint not null check (tax >= 0),
  tip bigint not null check (tip >= 0),
  rounding bigint not null,
  points_restored bigint not null check (points_restored >= 0),
  points_reversed bigint not null check (points_reversed >= 0),
  reason text not null,
  refunded_by text not null,
  at bigint not null,
  ask text not null,
  refund text not null,
  payouts text not null,
  primary key (tenant_id, order_id, seq),
  unique (tenant_id, refund_id),
  foreign key (tenant_id, order_id) references orders (tenant_id, order_id)
);

-- only: sqlite
create trigger order_refunds_stay before update on order_refunds
begin select raise(abort, 'L26: a refund never changes'); end;

-- only: sqlite
create trigger order_refunds_remain before delete on order_refunds
begin select raise(abort, 'L26: a refund never vanishes'); end;

-- only: postgres
create trigger order_refunds_stay before update or delete on order_refunds
  for each row execute function refuse_change();

-- What the visit left behind: 0 once all of it was undone, and then it counts no longer. opened_by is the purchase
-- that began it.
alter table visits add column purchases bigint not null default 1 check (purchases >= 0);

alter table visits add column opened_by text;

update visits set
  purchases = (select case when count(*) = 0 then 1 else count(*) end from orders o
    where o.tenant_id = visits.tenant_id and o.customer_id = visits.customer_id
      and o.venue_id = visits.venue_id and o.business_day = visits.business_day and o.status = 'PAID'),
  opened_by = (select min(o.order_id) from orders o
    where o.tenant_id = visits.tenant_id and o.customer_id = visits.customer_id
      and o.venue_id = visits.venue_id and o.business_day = visits.business_day and o.status = 'PAID');
