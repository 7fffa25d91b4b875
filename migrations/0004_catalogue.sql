create table categories (
  tenant_id text collate "C" not null references tenants (tenant_id),
  category_id text collate "C" not null,
  name text not null,
  regulated text check (regulated in ('ALCOHOL')),
  position bigint not null default 0,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, category_id),
  unique (tenant_id, name)
);

create table modifier_groups (
  tenant_id text collate "C" not null references tenants (tenant_id),
  modifier_group_id text collate "C" not null,
  name text not null,
  choose_min bigint not null default 0,
  choose_max bigint,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, modifier_group_id),
  unique (tenant_id, name)
);

create table modifiers (
  tenant_id text collate "C" not null,
  modifier_id text collate "C" not null,
  modifier_group_id text collate "C" not null,
  name text not null,
  price_delta bigint not null,
  position bigint not null default 0,
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, modifier_id),
  unique (tenant_id, modifier_group_id, name),
  foreign key (tenant_id, modifier_group_id) references modifier_groups (tenant_id, modifier_group_id)
);

create table products (
  tenant_id text collate "C" not null references tenants (tenant_id),
  product_id text collate "C" not null,
  name text not null,
  category_id text collate "C" not null,
  tax_class_id text collate "C" not null,
  cost bigint,
  cost_currency text,
  image_url text,
  modifier_groups text not null default '[]',
  archived_at bigint,
  version bigint not null default 1,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, product_id),
  unique (tenant_id, name),
  foreign key (tenant_id, category_id) references categories (tenant_id, category_id),
  foreign key (tenant_id, tax_class_id) references tax_classes (tenant_id, tax_class_id)
);

create index products_by_category on products (tenant_id, category_id, product_id);

create index products_by_update on products (tenant_id, updated_at, product_id);

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
