-- What a guest's days come to is summed at each payment, from the index alone.
create index loyalty_days_figures on loyalty_days (tenant_id, customer_id, business_day, visits, points, spend);
