-- The stored answer of each idempotency key, kept 30 days.
create table idempotency (
  tenant_id text collate "C" not null references tenants (tenant_id),
  principal text collate "C" not null,
  operation text collate "C" not null,
  key text collate "C" not null,
  fingerprint bytea not null,
  status bigint not null,
  headers text not null,
  body bytea not null,
  created_at bigint not null,
  primary key (tenant_id, principal, operation, key)
);

create index idempotency_by_age on idempotency (tenant_id, created_at);

-- Written unsealed with the change; a job gives each its number and hash.
create table audit_entries (
  tenant_id text collate "C" not null references tenants (tenant_id),
  audit_id text collate "C" not null,
  at bigint not null,
  actor text not null,
  action text not null,
  entity text not null,
  before_sha bytea,
  after_sha bytea,
  request_id text not null,
  ip text not null,
  seq bigint,
  hash bytea,
  primary key (tenant_id, audit_id),
  unique (tenant_id, seq),
  check ((seq is null) = (hash is null))
);

create index audit_entries_unsealed on audit_entries (tenant_id, audit_id) where seq is null;

create index audit_entries_by_entity on audit_entries (tenant_id, entity, audit_id);

-- kind EVENT: for the feed and webhooks, numbered by the sealing job. kind MESSAGE: for a person.
create table outbox (
  tenant_id text collate "C" not null references tenants (tenant_id),
  event_id text collate "C" not null,
  kind text not null check (kind in ('EVENT', 'MESSAGE')),
  type text not null,
  venue_id text collate "C",
  at bigint not null,
  data text not null,
  seq bigint,
  due_at bigint,
  attempts bigint not null default 0,
  delivered_at bigint,
  dead_at bigint,
  primary key (tenant_id, event_id),
  unique (tenant_id, seq)
);

create index outbox_unnumbered on outbox (tenant_id, event_id) where seq is null and kind = 'EVENT';

create index outbox_by_age on outbox (tenant_id, at);

create index outbox_due on outbox (tenant_id, due_at) where due_at is not null;

-- How far the sealing job has come: the last sealed entry and the last numbered event.
create table journal_heads (
  tenant_id text collate "C" not null references tenants (tenant_id),
  audit_seq bigint not null check (audit_seq >= 0),
  audit_hash bytea not null,
  event_seq bigint not null check (event_seq >= 0),
  primary key (tenant_id)
);

create table jobs (
  tenant_id text collate "C" not null references tenants (tenant_id),
  name text collate "C" not null,
  next_at bigint not null,
  lease_until bigint,
  lease_by text,
  progress text,
  primary key (tenant_id, name)
);

create index jobs_due on jobs (tenant_id, next_at);

create table job_runs (
  tenant_id text collate "C" not null references tenants (tenant_id),
  run_id text collate "C" not null,
  name text collate "C" not null,
  started_at bigint not null,
  ended_at bigint,
  outcome text check (outcome in ('SUCCEEDED', 'FAILED', 'LOST')),
  detail text,
  primary key (tenant_id, run_id)
);

create index job_runs_by_name on job_runs (tenant_id, name, run_id);

-- only: sqlite
create trigger audit_sealed_stays before update on audit_entries when old.seq is not null
begin select raise(abort, 'L26: a sealed audit entry never changes'); end;

-- only: sqlite
create trigger audit_stays before delete on audit_entries
begin select raise(abort, 'L26: an audit entry never vanishes'); end;

-- only: postgres
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'L26: % never changes', tg_table_name using errcode = '23001';
end $$;

-- only: postgres
create trigger audit_sealed_stays before update on audit_entries
  for each row when (old.seq is not null) execute function refuse_change();

-- only: postgres
create trigger audit_stays before delete on audit_entries
  for each row execute function refuse_change();
