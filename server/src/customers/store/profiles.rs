use crate::customers::profile::{AtVenue, Customer, EditCustomer, Source, average};
use crate::customers::terms::sort_name;
use crate::hall::error::{Error, OnViolation, Result};
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::money::Money;
use crate::hall::store::{Read, Row, Tx, Value, json, word};
use crate::params;

/// Of `customers c join tenants t`, as [`customer`] reads them.
pub const COLUMNS: &str = "c.customer_id, c.email, c.phone, c.first_name, c.last_name, c.birth_on,
    c.gender, c.language, c.color_type, c.tags, c.group_id, c.consented_at, c.tax_ids,
    c.billing_address, c.invoice_settings, c.metadata, c.source, c.loyalty_points, c.total_visits,
    c.first_visit_at, c.last_visit_at, c.paid_orders, c.total_spent, c.merged_into, c.archived_at,
    c.created_at, c.updated_at, c.version, t.currency, c.tier";

/// From the columns of [`COLUMNS`]; external references are read apart.
pub fn customer(row: &Row) -> Result<Customer> {
    let currency: String = row.get(28)?;
    let (paid_orders, total_spent) = (row.get(21)?, row.get(22)?);
    let optional = |place: usize| -> Result<Option<String>> { row.get(place) };
    Ok(Customer {
        id: row.get(0)?,
        email: row.get(1)?,
        phone: row.get(2)?,
        first_name: row.get(3)?,
        last_name: row.get(4)?,
        birth_date: row.get(5)?,
        gender: row.get(6)?,
        language: row.get(7)?,
        color_type: row.get(8)?,
        tags: row.json(9)?,
        customer_group_id: row.get(10)?,
        marketing_consent: row.get::<Option<i64>>(11)?.is_some(),
        tax_ids: row.json(12)?,
        billing_address: optional(13)?.map(|_| row.json(13)).transpose()?,
        invoice_settings: optional(14)?.map(|_| row.json(14)).transpose()?,
        metadata: row.json(15)?,
        external_refs: Vec::new(),
        active: row.get::<Option<i64>>(24)?.is_none(),
        source: row.word(16)?,
        loyalty_points: row.get(17)?,
        total_visits: row.get(18)?,
        first_visit_at: row.get(19)?,
        last_visit_at: row.get(20)?,
        tier: row.get(29)?,
        paid_orders,
        average_order_value: average(total_spent, paid_orders, &currency),
        total_spent: Money::of(total_spent, currency),
        venues: None,
        recent: None,
        progress: None,
        merged_into: row.get(23)?,
        created_at: row.get(25)?,
        updated_at: row.get(26)?,
        version: row.get(27)?,
    })
}

pub fn find(read: &mut Read, id: CustomerId) -> Result<Option<Customer>> {
    let sql = format!(
        "select {COLUMNS} from customers c join tenants t on t.tenant_id = c.tenant_id
         where c.tenant_id = $1 and c.customer_id = $2"
    );
    read.first(&sql, params![id])?
        .map(|row| customer(&row))
        .transpose()
}

pub fn at_venues(read: &mut Read, id: CustomerId, currency: &str) -> Result<Vec<AtVenue>> {
    let rows = read.query(
        "select venue_id, total_visits, first_visit_at, last_visit_at, paid_orders, total_spent
         from customer_venues where tenant_id = $1 and customer_id = $2 order by venue_id",
        params![id],
    )?;
    rows.iter()
        .map(|row| {
            let (paid_orders, total_spent) = (row.get(4)?, row.get(5)?);
            Ok(AtVenue {
                venue_id: row.get(0)?,
                total_visits: row.get(1)?,
                first_visit_at: row.get(2)?,
                last_visit_at: row.get(3)?,
                paid_orders,
                total_spent: Money::of(total_spent, currency),
                average_order_value: average(total_spent, paid_orders, currency),
            })
        })
        .collect()
}

pub fn active_by_email(read: &mut Read, email: &str) -> Result<Option<CustomerId>> {
    let row = read.first(
        "select customer_id from customers
         where tenant_id = $1 and email = $2 and archived_at is null",
        params![email],
    )?;
    row.map(|row| row.get(0)).transpose()
}

pub fn active_by_phone(read: &mut Read, phone: &str) -> Result<Option<CustomerId>> {
    let row = read.first(
        "select customer_id from customers
         where tenant_id = $1 and phone = $2 and archived_at is null",
        params![phone],
    )?;
    row.map(|row| row.get(0)).transpose()
}

/// What an insert and an update write alike, in the order of both statements.
fn written(ask: &EditCustomer, language: &str) -> Result<Vec<Value>> {
    let name = sort_name(ask.first_name.as_deref(), ask.last_name.as_deref());
    let address = ask.billing_address.as_ref().map(json).transpose()?;
    let settings = ask.invoice_settings.as_ref().map(json).transpose()?;
    Ok(params![
        &ask.email,
        &ask.phone,
        &ask.first_name,
        &ask.last_name,
        name,
        ask.birth_date,
        &ask.gender,
        language,
        &ask.color_type,
        json(&ask.tags)?,
        ask.customer_group_id,
        json(&ask.tax_ids)?,
        address,
        settings,
        json(&ask.metadata)?,
    ]
    .to_vec())
}

fn no_such_group() -> Error {
    Error::field(
        "/customerGroupId",
        "unknown",
        "There is no such group; list them under /customer-groups.",
    )
}

/// False where an active customer has the email or the phone (L22).
pub fn insert(
    tx: &mut Tx,
    id: CustomerId,
    ask: &EditCustomer,
    language: &str,
    source: Source,
) -> Result<bool> {
    let mut values = written(ask, language)?;
    let now = tx.now();
    let consented = ask.marketing_consent.then_some(now);
    let archived = (!ask.active).then_some(now);
    values.extend_from_slice(params![id, word(&source)?, consented, archived, now]);
    let put = tx
        .exec(
            "insert into customers (tenant_id, email, phone, first_name, last_name, sort_name,
               birth_on, gender, language, color_type, tags, group_id, tax_ids, billing_address,
               invoice_settings, metadata, customer_id, source, consented_at, archived_at,
               last_seen_at, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
               $17, $18, $19, $20, $21, $21, $21)
             on conflict do nothing",
            &values,
        )
        .on_missing_parent(no_such_group)?;
    Ok(put == 1)
}

/// Guarded by the version that `before` was read at.
pub fn update(tx: &mut Tx, before: &Customer, ask: &EditCustomer) -> Result<()> {
    let mut values = written(ask, ask.language.as_deref().unwrap_or(&before.language))?;
    let now = tx.now();
    let consented = ask.marketing_consent.then_some(now);
    let archived = (!ask.active).then_some(now);
    values.extend_from_slice(params![before.id, before.version, consented, archived, now]);
    let changed = tx
        .exec(
            "update customers set email = $2, phone = $3, first_name = $4, last_name = $5,
               sort_name = $6, birth_on = $7, gender = $8, language = $9, color_type = $10,
               tags = $11, group_id = $12, tax_ids = $13, billing_address = $14,
               invoice_settings = $15, metadata = $16,
               consented_at = case when cast($19 as bigint) is null then null
                 else coalesce(consented_at, cast($19 as bigint)) end,
               archived_at = case when cast($20 as bigint) is null then null
                 else coalesce(archived_at, cast($20 as bigint)) end,
               updated_at = $21, version = version + 1
             where tenant_id = $1 and customer_id = $17 and version = $18",
            &values,
        )
        .on_missing_parent(no_such_group)
        .on_unique(|| Error::Again("the email or phone was taken meanwhile".into()))?;
    once(changed)
}

pub fn archive(tx: &mut Tx, before: &Customer) -> Result<()> {
    let changed = tx.exec(
        "update customers set archived_at = $4, updated_at = $4, version = version + 1
         where tenant_id = $1 and customer_id = $2 and version = $3",
        params![before.id, before.version, tx.now()],
    )?;
    once(changed)
}

fn once(changed: u64) -> Result<()> {
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::Again("the customer changed meanwhile".into()))
    }
}

/// The customer is known at the venue from now on, without having visited it.
pub fn see(tx: &mut Tx, id: CustomerId, venue: VenueId) -> Result<()> {
    tx.exec(
        "insert into customer_venues (tenant_id, venue_id, customer_id, last_seen_at)
         values ($1, $2, $3, $4) on conflict (tenant_id, venue_id, customer_id) do nothing",
        params![venue, id, tx.now()],
    )
    .map(|_| ())
}
