-- uses_max: the limit in force when the last use was counted; null: there was none.
-- only: sqlite
alter table use_counts add column uses_max integer;

-- only: postgres
alter table use_counts add column uses_max bigint;

-- Redemptions of one venue, newest first.
create index uses_of_codes_at on uses (tenant_id, venue_id, held_at, subject_id, purchase_id)
  where subject_id >= 'cpn_' and subject_id < 'cpo' and state <> 'RELEASED';

-- How many codes there are of one shape, which somebody may try to guess.
create index coupon_batches_by_shape on coupon_batches (tenant_id, prefix, code_length) where code_length is not null;
