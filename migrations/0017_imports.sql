-- A file of customers on its way in: its lines wait in chunks, of which a job takes one in each transaction and
-- counts it. taken: chunks that are done. received_at: all chunks are here. forgotten_at: the bad lines are gone.
create table customer_imports (
  tenant_id text collate "C" not null references tenants (tenant_id),
  import_id text collate "C" not null,
  venue_id text collate "C" not null,
  how text not null,
  header text not null,
  ignored_columns text not null,
  total bigint not null check (total >= 0),
  chunks bigint not null check (chunks >= 0),
  taken bigint not null default 0 check (taken >= 0 and taken <= chunks),
  created bigint not null default 0 check (created >= 0),
  updated bigint not null default 0 check (updated >= 0),
  unchanged bigint not null default 0 check (unchanged >= 0),
  failed bigint not null default 0 check (failed >= 0),
  created_at bigint not null,
  received_at bigint,
  done_at bigint,
  forgotten_at bigint,
  primary key (tenant_id, import_id),
  foreign key (tenant_id, venue_id) references venues (tenant_id, venue_id),
  check (received_at is not null or taken = 0),
  check ((done_at is null) = (received_at is null or taken < chunks)),
  check (forgotten_at is null or done_at is not null)
);

create index customer_imports_to_take on customer_imports (tenant_id, import_id)
  where done_at is null;

create index customer_imports_to_forget on customer_imports (tenant_id, done_at)
  where done_at is not null and forgotten_at is null;

-- Lines as they were read; a chunk is gone when it is taken.
create table customer_import_chunks (
  tenant_id text collate "C" not null,
  import_id text collate "C" not null,
  chunk bigint not null check (chunk >= 0),
  size bigint not null check (size >= 1 and size <= 200),
  lines text not null,
  primary key (tenant_id, import_id, chunk),
  foreign key (tenant_id, import_id) references customer_imports (tenant_id, import_id)
);

-- Bad lines as they stood, with why; line is counted as an editor does.
create table customer_import_rejects (
  tenant_id text collate "C" not null,
  import_id text collate "C" not null,
  line bigint not null check (line >= 1),
  cells text not null,
  why text not null,
  primary key (tenant_id, import_id, line),
  foreign key (tenant_id, import_id) references customer_imports (tenant_id, import_id)
);
