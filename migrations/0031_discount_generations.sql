-- Another text whenever it changes which discounts are live, what they say or the policy that they are applied by:
-- what was read under the same one still holds. Empty: nobody says so.
create table discount_generations (
  tenant_id text collate "C" not null references tenants (tenant_id),
  generation text not null,
  primary key (tenant_id)
);

insert into discount_generations (tenant_id, generation) select tenant_id, 'first' from tenants;

-- Whoever changes one of these and gives no new text leaves it empty: a program of before, or somebody at the tables.
-- only: sqlite
create trigger discount_given after insert on discount_audience
begin update discount_generations set generation = '' where tenant_id = new.tenant_id and generation <> ''; end;

-- only: sqlite
create trigger discount_taken after delete on discount_audience
begin update discount_generations set generation = '' where tenant_id = old.tenant_id and generation <> ''; end;

-- only: sqlite
create trigger discount_changed after update on discounts when new.hidden_since is null
begin update discount_generations set generation = '' where tenant_id = new.tenant_id and generation <> ''; end;

-- only: sqlite
create trigger discount_policy_set after insert on discount_policies
begin update discount_generations set generation = '' where tenant_id = new.tenant_id and generation <> ''; end;

-- only: sqlite
create trigger discount_policy_changed after update on discount_policies
begin update discount_generations set generation = '' where tenant_id = new.tenant_id and generation <> ''; end;

-- only: postgres
create function end_discount_generation() returns trigger language plpgsql as $$
begin
  update discount_generations set generation = ''
    where tenant_id = case tg_op when 'DELETE' then old.tenant_id else new.tenant_id end and generation <> '';
  return null;
end $$;

-- only: postgres
create trigger discount_given_or_taken after insert or delete on discount_audience
  for each row execute function end_discount_generation();

-- only: postgres
create trigger discount_changed after update on discounts
  for each row when (new.hidden_since is null) execute function end_discount_generation();

-- only: postgres
create trigger discount_policy_set_or_changed after insert or update on discount_policies
  for each row execute function end_discount_generation();
