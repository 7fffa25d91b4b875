-- What a version says beside the engine's rule: limits of uses, bounds of an open value, why it comps.
alter table discount_versions add column terms text;

-- To whom a live discount goes: '*' is everybody without asking, 'staff' whoever staff picks it for, else a group
-- or a customer, without asking. A discount that is paused or archived goes to nobody, so this table holds what
-- the till looks through and no more.
create table discount_audience (
  tenant_id text collate "C" not null,
  audience text collate "C" not null,
  discount_id text collate "C" not null,
  primary key (tenant_id, audience, discount_id),
  foreign key (tenant_id, discount_id) references discounts (tenant_id, discount_id)
);

create index discount_audience_by_discount on discount_audience (tenant_id, discount_id);

insert into discount_audience (tenant_id, audience, discount_id)
  select tenant_id, case when automatic_since is null then 'staff' else '*' end, discount_id
  from discounts where paused_at is null and archived_at is null and hidden_since is null;

drop index discounts_live;

-- Uses are counted where they are held.
alter table discounts drop column current_uses;

-- Which share of the hash a variant of an experiment has, in basis points, for the experiment's life. Shares lie
-- end to end, so two variants that begin at one place would overlap.
create table experiment_variants (
  tenant_id text collate "C" not null references tenants (tenant_id),
  experiment_id text collate "C" not null,
  variant text collate "C" not null,
  from_bp bigint not null check (from_bp >= 0),
  until_bp bigint not null check (until_bp <= 10000),
  created_at bigint not null,
  primary key (tenant_id, experiment_id, variant),
  unique (tenant_id, experiment_id, from_bp),
  check (from_bp < until_bp)
);

-- How a chain wants its discounts combined and approved; without a row it wants the defaults.
create table discount_policies (
  tenant_id text collate "C" not null references tenants (tenant_id),
  policy text not null,
  version bigint not null,
  updated_at bigint not null,
  primary key (tenant_id)
);
