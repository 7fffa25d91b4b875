-- Amounts in minor units of `currency`. subject: what the money moved for, only as a kind and an id.
create table payments (
  tenant_id text collate "C" not null,
  payment_id text collate "C" not null,
  venue_id text collate "C" not null,
  subject_kind text not null check (subject_kind in ('ORDER', 'BOOKING')),
  subject_id text collate "C" not null,
  kind text not null check (kind in ('DEPOSIT', 'PAY_AT_VENUE', 'ONLINE', 'ORDER', 'REFUND')),
  method text not null check (method in ('STRIPE', 'STRIPE_TERMINAL', 'CARD', 'CASH', 'GIFT_CARD', 'EXTERNAL')),
  status text not null check (status in
    ('CREATED', 'AUTHORIZED', 'SUCCEEDED', 'FAILED', 'VOIDED', 'REFUNDED', 'PARTIALLY_REFUNDED')),
  amount bigint not null check (amount >= 0),
  tip bigint not null default 0 check (tip >= 0),
  rounding bigint not null default 0,
  currency text not null,
  reporting_amount bigint not null,
  parent_id text collate "C",
  external_id text,
  taken_by text not null,
  at bigint not null,
  primary key (tenant_id, payment_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, parent_id) references payments (tenant_id, payment_id)
);

create index payments_by_subject on payments (tenant_id, subject_id, payment_id);

create table payment_trail (
  tenant_id text collate "C" not null,
  payment_id text collate "C" not null,
  seq bigint not null,
  at bigint not null,
  actor text not null,
  action text not null,
  from_status text,
  to_status text not null,
  metadata text not null default '{}',
  primary key (tenant_id, payment_id, seq),
  foreign key (tenant_id, payment_id) references payments (tenant_id, payment_id)
);

create table orders (
  tenant_id text collate "C" not null,
  order_id text collate "C" not null,
  venue_id text collate "C" not null,
  status text not null check (status in ('OPEN', 'PAID', 'VOIDED', 'PARTIALLY_REFUNDED', 'REFUNDED')),
  customer_id text collate "C",
  label text,
  served_by text not null,
  source text not null check (source in ('TILL', 'API', 'IMPORT')),
  currency text not null,
  tax_mode text not null check (tax_mode in ('INCLUSIVE', 'EXCLUSIVE')),
  opened_at bigint not null,
  business_day text collate "C" not null,
  closed_at bigint,
  void_reason text,
  subtotal bigint not null default 0 check (subtotal >= 0),
  discounts bigint not null default 0 check (discounts >= 0),
  tax bigint not null default 0 check (tax >= 0),
  tip bigint not null default 0 check (tip >= 0),
  total bigint not null default 0 check (total >= 0),
  paid bigint not null default 0 check (paid >= 0),
  rounding bigint not null default 0,
  reporting_total bigint,
  -- What was decided and by what: the engine's input and output, as they stood (L30).
  decided text not null,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, order_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id)
);

create index orders_by_status on orders (tenant_id, venue_id, status, order_id);

create index orders_by_update on orders (tenant_id, venue_id, updated_at, order_id);

create index orders_by_customer on orders (tenant_id, customer_id, order_id) where customer_id is not null;

create table order_lines (
  tenant_id text collate "C" not null,
  order_id text collate "C" not null,
  line_id text collate "C" not null,
  position bigint not null,
  product_id text collate "C",
  name text not null,
  category_id text collate "C",
  regulated text,
  tax_class_id text collate "C",
  rate_milli bigint not null,
  unit_price bigint not null check (unit_price >= 0),
  quantity_milli bigint not null check (quantity_milli > 0),
  modifiers text not null default '[]',
  ordered_at bigint not null,
  voided_at bigint,
  void_reason text,
  primary key (tenant_id, order_id, line_id),
  foreign key (tenant_id, order_id) references orders (tenant_id, order_id)
);

-- The discounts that an order bears now; at payment they stay as they were.
create table order_discounts (
  tenant_id text collate "C" not null,
  order_id text collate "C" not null,
  order_discount_id text collate "C" not null,
  discount_id text collate "C" not null,
  discount_version bigint not null,
  amount bigint not null check (amount >= 0),
  primary key (tenant_id, order_id, order_discount_id),
  unique (tenant_id, order_id, discount_id),
  foreign key (tenant_id, order_id) references orders (tenant_id, order_id),
  foreign key (tenant_id, discount_id, discount_version)
    references discount_versions (tenant_id, discount_id, version)
);

create index order_discounts_by_discount on order_discounts (tenant_id, discount_id, order_id);

-- only: sqlite
create trigger payment_trail_stays before update on payment_trail
begin select raise(abort, 'L26: an audit trail row never changes'); end;

-- only: sqlite
create trigger payment_trail_remains before delete on payment_trail
begin select raise(abort, 'L26: an audit trail row never vanishes'); end;

-- only: postgres
create trigger payment_trail_stays before update or delete on payment_trail
  for each row execute function refuse_change();
