use crate::hall::law::{Check, Law};

/// What is looked up by a secret is looked up by the 64 hex digits of its SHA-256, which no token is as
/// long as; what people chose is argon2id's. A session is no longer than its limit and is over when its
/// person is let go or its device revoked; what is over can no longer be found.
const HASHED: Law = Law {
    number: "L35",
    about: "Tokens, codes and PINs are stored only hashed; none outlives its limit or its owner",
    check: Check::Query(
        "select tenant_id, what from (
           select tenant_id, 'a ' || kind || ' in the directory is no hash: ' || ref_id as what
             from directory where kind in ('token', 'pairing', 'set_up')
              and (length(lookup) <> 64 or lookup <> lower(lookup))
           union all
           select tenant_id, 'the password or PIN of ' || staff_id || ' is not hashed'
             from staff where coalesce(password_hash, '$argon2id$') not like '$argon2id$%'
              or coalesce(pin_hash, '$argon2id$') not like '$argon2id$%'
           union all
           select tenant_id, 'a sign-in code is not hashed' from sign_in_codes
             where length(code_hash) <> 32
           union all
           select tenant_id, session_id || ' outlives its limit' from sessions
             where expires_at - created_at
               > case kind when 'STAFF' then 43200000000 else 5184000000000 end
           union all
           select s.tenant_id, s.session_id || ' outlives its person' from sessions s
             join staff p on p.tenant_id = s.tenant_id and p.staff_id = s.staff_id
             where s.ended_at is null and p.archived_at is not null
           union all
           select s.tenant_id, s.session_id || ' outlives its customer' from sessions s
             join customers c on c.tenant_id = s.tenant_id and c.customer_id = s.customer_id
             where s.ended_at is null and c.archived_at is not null
           union all
           select s.tenant_id, s.session_id || ' outlives its device' from sessions s
             join devices d on d.tenant_id = s.tenant_id and d.device_id = s.device_id
             where s.ended_at is null and d.revoked_at is not null
           union all
           select f.tenant_id, f.ref_id || ' is over and still found' from directory f
             join sessions s on s.tenant_id = f.tenant_id and s.session_id = f.ref_id
             where f.kind = 'token' and s.ended_at is not null
           union all
           select f.tenant_id, f.ref_id || ' is over and still found' from directory f
             join api_keys k on k.tenant_id = f.tenant_id and k.key_id = f.ref_id
             where f.kind = 'token' and k.revoked_at is not null
           union all
           select f.tenant_id, f.ref_id || ' is over and still found' from directory f
             join devices d on d.tenant_id = f.tenant_id and d.device_id = f.ref_id
             where f.kind in ('token', 'pairing') and d.revoked_at is not null
         ) as broken limit $1",
    ),
};

/// Foreign keys bear the tenant, so the store keeps this law; what has none is asked here.
const OWN_ROWS: Law = Law {
    number: "L23",
    about: "No row refers to a row of another tenant",
    check: Check::Query(
        "select tenant_id, what from (
           select s.tenant_id, s.session_id || ' is of nobody''s customer' as what from sessions s
             left join customers c on c.tenant_id = s.tenant_id and c.customer_id = s.customer_id
             where s.customer_id is not null and c.customer_id is null
           union all
           select r.tenant_id, r.staff_id || ' has a rank in nobody''s venue' from staff_roles r
             left join venues v on v.tenant_id = r.tenant_id and v.venue_id = r.venue_id
             where r.venue_id <> '*' and v.venue_id is null
           union all
           select f.tenant_id, f.ref_id || ' is found and is nobody''s' from directory f
             left join sessions s on s.tenant_id = f.tenant_id and s.session_id = f.ref_id
             left join api_keys k on k.tenant_id = f.tenant_id and k.key_id = f.ref_id
             left join devices d on d.tenant_id = f.tenant_id and d.device_id = f.ref_id
             where f.kind = 'token' and s.session_id is null and k.key_id is null
               and d.device_id is null
         ) as broken limit $1",
    ),
};

pub const LAWS: &[Law] = &[OWN_ROWS, HASHED];
