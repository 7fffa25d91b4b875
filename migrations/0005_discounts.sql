-- What is filtered stands here; the rule itself is one JSON text per version and never changes.
create table discounts (
  tenant_id text collate "C" not null references tenants (tenant_id),
  discount_id text collate "C" not null,
  version bigint not null,
  name text not null,
  name_fold text collate "C" not null,
  type text not null,
  scope text not null,
  automatic_since bigint,
  priority bigint not null,
  paused_at bigint,
  archived_at bigint,
  current_uses bigint not null default 0 check (current_uses >= 0),
  created_at bigint not null,
  updated_at bigint not null,
  primary key (tenant_id, discount_id)
);

create index discounts_live on discounts (tenant_id, automatic_since, discount_id)
  where paused_at is null and archived_at is null;

create index discounts_by_name on discounts (tenant_id, name_fold, discount_id);

create table discount_versions (
  tenant_id text collate "C" not null,
  discount_id text collate "C" not null,
  version bigint not null,
  rule text not null,
  description text,
  label_color text,
  at bigint not null,
  primary key (tenant_id, discount_id, version),
  foreign key (tenant_id, discount_id) references discounts (tenant_id, discount_id)
);

-- At which venues a discount is live: '*' is every venue of the chain.
create table discount_venues (
  tenant_id text collate "C" not null,
  venue_id text collate "C" not null,
  discount_id text collate "C" not null,
  primary key (tenant_id, venue_id, discount_id),
  foreign key (tenant_id, discount_id) references discounts (tenant_id, discount_id)
);

create index discount_venues_by_discount on discount_venues (tenant_id, discount_id);

-- only: sqlite
create trigger discount_version_stays before update on discount_versions
begin select raise(abort, 'L30: a published rule never changes'); end;

-- only: sqlite
create trigger discount_version_remains before delete on discount_versions
begin select raise(abort, 'L30: a published rule never vanishes'); end;

-- only: postgres
create trigger discount_version_stays before update or delete on discount_versions
  for each row execute function refuse_change();
