-- What is open and until when is summed from the index alone, and its entries are a third shorter: of a million lots
-- that lapse each is taken out of it.
drop index points_lots_open;

create index points_lots_open on points_lots (tenant_id, customer_id, expires_at, open) where open > 0;
