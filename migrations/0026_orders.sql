-- The business day on which an order was paid, by the venue's zone and hours of then: its customer's visit is of that
-- day, and a refund undoes that one.
alter table orders add column paid_on text collate "C";

-- History counted on its own day; of other orders paid before, the visit that had begun last when they were paid.
update orders set paid_on = case source when 'IMPORT' then business_day else coalesce(
    (select v.business_day from visits v
     where v.tenant_id = orders.tenant_id and v.customer_id = orders.customer_id
       and v.venue_id = orders.venue_id and v.at <= orders.closed_at
     order by v.at desc, v.business_day desc limit 1), business_day) end
  where status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED');

-- SALE: of what was sold. PAYMENT: money of an order that was still open, of which nothing was sold yet.
alter table order_refunds add column kind text not null default 'SALE' check (kind in ('SALE', 'PAYMENT'));

create index orders_by_venue on orders (tenant_id, venue_id, order_id);
