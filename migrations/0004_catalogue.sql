-- name_fold: without case and accents, for search, order and uniqueness.
create table categories (
  tenant_id text collate "C" not null references tenants (tenant_id),
  category_id text collate "C" not null,
  name text not null,
  name_fold text collate "C" not null,
  regulated text check (regulated in ('ALCOHOL')),
  position bigint not null default 0,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, category_id)
);

create unique index categories_by_live_name on categories (tenant_id, name_fold) where archived_at is null;

create index categories_by_name on categories (tenant_id, name_fold, category_id);

create index categories_by_update on categories (tenant_id, updated_at, category_id);

create table modifier_groups (
  tenant_id text collate "C" not null references tenants (tenant_id),
  modifier_group_id text collate "C" not null,
  name text not null,
  name_fold text collate "C" not null,
  choose_min bigint not null default 0 check (choose_min >= 0),
  choose_max bigint,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, modifier_group_id),
  check (choose_max is null or choose_max >= choose_min)
);

create unique index modifier_groups_by_live_name on modifier_groups (tenant_id, name_fold)
  where archived_at is null;

create index modifier_groups_by_name on modifier_groups (tenant_id, name_fold, modifier_group_id);

create index modifier_groups_by_update on modifier_groups (tenant_id, updated_at, modifier_group_id);

-- A price delta in a currency is for venues of that currency; one of 0 is for all.
create table modifiers (
  tenant_id text collate "C" not null,
  modifier_id text collate "C" not null,
  modifier_group_id text collate "C" not null,
  name text not null,
  price_delta bigint not null,
  currency text not null,
  position bigint not null default 0,
  archived_at bigint,
  primary key (tenant_id, modifier_id),
  foreign key (tenant_id, modifier_group_id) references modifier_groups (tenant_id, modifier_group_id)
);

create index modifiers_by_group on modifiers (tenant_id, modifier_group_id, position, modifier_id);

create table products (
  tenant_id text collate "C" not null references tenants (tenant_id),
  product_id text collate "C" not null,
  name text not null,
  name_fold text collate "C" not null,
  category_id text collate "C" not null,
  tax_class_id text collate "C" not null,
  cost bigint check (cost >= 0),
  cost_currency text,
  image_url text,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, product_id),
  foreign key (tenant_id, category_id) references categories (tenant_id, category_id),
  foreign key (tenant_id, tax_class_id) references tax_classes (tenant_id, tax_class_id),
  check ((cost is null) = (cost_currency is null))
);

create unique index products_by_live_name on products (tenant_id, name_fold) where archived_at is null;

create index products_by_name on products (tenant_id, name_fold, product_id);

create index products_by_category on products (tenant_id, category_id, name_fold, product_id);

create index products_by_update on products (tenant_id, updated_at, product_id);

-- What may be added to a product, in the order in which the till asks for it.
create table product_modifier_groups (
  tenant_id text collate "C" not null,
  product_id text collate "C" not null,
  modifier_group_id text collate "C" not null,
  position bigint not null,
  primary key (tenant_id, product_id, modifier_group_id),
  foreign key (tenant_id, product_id) references products (tenant_id, product_id),
  foreign key (tenant_id, modifier_group_id) references modifier_groups (tenant_id, modifier_group_id)
);

-- Without a row here a product is not sold at the venue. Minor units of the venue's currency.
create table product_prices (
  tenant_id text collate "C" not null,
  product_id text collate "C" not null,
  venue_id text collate "C" not null,
  price bigint not null check (price >= 0),
  primary key (tenant_id, product_id, venue_id),
  foreign key (tenant_id, product_id) references products (tenant_id, product_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id)
);

create index product_prices_by_venue on product_prices (tenant_id, venue_id, product_id);
