-- Lists that are asked for by who, by what and by state. Where several are asked for, SQLite takes the index that was
-- made last: of an entity there are fewer entries than of whoever acts, and of those fewer than of an action.
create index audit_entries_by_action on audit_entries (tenant_id, action, audit_id);

create index audit_entries_by_actor on audit_entries (tenant_id, actor, audit_id);

drop index audit_entries_by_entity;

create index audit_entries_by_entity on audit_entries (tenant_id, entity, audit_id);

create index outbox_messages on outbox (tenant_id, event_id) where kind = 'MESSAGE';

create index outbox_messages_due on outbox (tenant_id, event_id) where due_at is not null;

create index outbox_messages_delivered on outbox (tenant_id, event_id) where delivered_at is not null;

create index outbox_messages_dead on outbox (tenant_id, event_id) where dead_at is not null;
