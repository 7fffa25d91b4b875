//! Who gets which live discount: what the pricing of an order reads.

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::super::live::Audience;
use super::super::{DiscountPolicy, Live, parse, policy};
use crate::hall::error::{Error, Result};
use crate::hall::filter::places;
use crate::hall::id::{DiscountId, VenueId};
use crate::hall::store::{Read, Remembered, Row, Tx, Value};
use crate::params;

/// The till shows no more than these to pick from.
const PICKABLE_MAX: i64 = 500;

/// From the few that somebody gets to what they say. `cross join` keeps SQLite from beginning at the venue, at
/// which all discounts of the chain may be live.
pub const LIVE: &str = "select d.discount_id, d.version, r.rule, r.terms, d.created_at
     from discount_audience a
     cross join discount_venues v
     cross join discounts d
     cross join discount_versions r
     where a.tenant_id = $1 and a.audience in ($3, $4)
       and v.tenant_id = a.tenant_id and v.venue_id in ('*', $2) and v.discount_id = a.discount_id
       and d.tenant_id = a.tenant_id and d.discount_id = a.discount_id
       and d.paused_at is null and d.archived_at is null
       and r.tenant_id = d.tenant_id and r.discount_id = d.discount_id and r.version = d.version";

/// A live rule, and since when it is there.
pub type Since = (Timestamp, Live);

/// What everybody gets at a venue, and how the chain has it decided.
#[derive(Debug, PartialEq)]
pub struct Everybodys {
    pub policy: DiscountPolicy,
    pub rules: Vec<Since>,
    /// Whether there is a live rule for a group or for a customer by name, at whatever venue.
    pub others_get_more: bool,
}

impl Remembered for Everybodys {
    fn rows(&self) -> usize {
        self.rules.len()
    }
}

pub fn everybodys(read: &mut Read, venue: VenueId) -> Result<Everybodys> {
    let more = "select 1 from discount_audience where tenant_id = $1 and audience > $2 and audience < $3 limit 1";
    let around =
        [Audience::Everybody, Audience::Staff].map(|audience| Value::from(audience.word()));
    Ok(Everybodys {
        policy: policy(read)?,
        rules: given_to(read, venue, [Some(Audience::Everybody), None])?,
        others_get_more: read.first(more, &around)?.is_some(),
    })
}

/// By rule in no order: the store would carry the text of each through its sorter.
pub fn given_to(
    read: &mut Read,
    venue: VenueId,
    audience: [Option<Audience>; 2],
) -> Result<Vec<Since>> {
    // Nobody's audience is the empty text.
    let [one_of, other] = audience.map(|of| of.map_or_else(String::new, Audience::word));
    let rows = read.query(LIVE, params![venue, one_of, other])?;
    rows.iter()
        .map(|row| Ok((row.get(4)?, one(row)?)))
        .collect()
}

/// The text under which what everybody gets was read.
pub fn generation(read: &mut Read) -> Result<String> {
    let row = read.first(
        "select generation from discount_generations where tenant_id = $1",
        &[],
    )?;
    row.map_or_else(|| Ok(String::new()), |row| row.get(0))
}

/// From here on what was read before holds no more. The last that a change does: each change of a table leaves the text
/// empty (migration 0031).
pub fn begin_generation(tx: &mut Tx) -> Result<()> {
    let generation = HEXLOWER.encode(&tx.entropy().bytes::<16>());
    tx.queue(
        "insert into discount_generations (tenant_id, generation) values ($1, $2)
         on conflict (tenant_id) do update set generation = excluded.generation",
        params![generation],
    )
}

pub const PICKABLE: &str = "select d.discount_id, d.version, r.rule, r.terms
     from discount_audience a
     cross join discount_venues v
     cross join discounts d
     cross join discount_versions r
     where a.tenant_id = $1 and a.audience = 'staff'
       and v.tenant_id = a.tenant_id and v.venue_id in ('*', $2) and v.discount_id = a.discount_id
       and d.tenant_id = a.tenant_id and d.discount_id = a.discount_id
       and d.paused_at is null and d.archived_at is null
       and r.tenant_id = d.tenant_id and r.discount_id = d.discount_id and r.version = d.version
     order by d.name_fold, d.discount_id limit $3";

pub fn pickable(read: &mut Read, venue: VenueId) -> Result<Vec<Live>> {
    let rows = read.query(PICKABLE, params![venue, PICKABLE_MAX])?;
    rows.iter().map(one).collect()
}

pub fn predefined(read: &mut Read, venue: VenueId, id: DiscountId) -> Result<Option<Live>> {
    let row = read.first(
        "select d.discount_id, d.version, r.rule, r.terms
         from discounts d
         join discount_audience a on a.tenant_id = d.tenant_id and a.audience = 'staff'
           and a.discount_id = d.discount_id
         join discount_venues v on v.tenant_id = d.tenant_id and v.venue_id in ('*', $2)
           and v.discount_id = d.discount_id
         join discount_versions r on r.tenant_id = d.tenant_id and r.discount_id = d.discount_id
           and r.version = d.version
         where d.tenant_id = $1 and d.discount_id = $3 and d.paused_at is null and d.archived_at is null",
        params![venue, id],
    )?;
    row.as_ref().map(one).transpose()
}

pub fn published(read: &mut Read, venue: VenueId, ids: &[DiscountId]) -> Result<Vec<Live>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select d.discount_id, d.version, r.rule, r.terms
         from discounts d
         join discount_venues v on v.tenant_id = d.tenant_id and v.venue_id in ('*', $2)
           and v.discount_id = d.discount_id
         join discount_versions r on r.tenant_id = d.tenant_id and r.discount_id = d.discount_id
           and r.version = d.version
         where d.tenant_id = $1 and d.paused_at is null and d.archived_at is null and d.discount_id in ({})
         order by d.discount_id",
        places(3, ids.len())
    );
    let mut params: Vec<Value> = vec![venue.into()];
    params.extend(ids.iter().map(Value::from));
    let rows = read.query(&sql, &params)?;
    rows.iter().map(one).collect()
}

fn one(row: &Row) -> Result<Live> {
    let (discount_id, version) = (row.get(0)?, row.get(1)?);
    let parsed = parse((discount_id, version), row.get(2)?, row.get(3)?)?;
    let terms = &parsed.terms;
    Ok(Live {
        discount_id,
        version,
        max_total_uses: terms.max_total_uses,
        max_uses_per_customer: terms.max_uses_per_customer,
        open: terms.open(),
        value_currency: terms
            .currency()
            .map(str::parse)
            .transpose()
            .map_err(Error::bug)?,
        comp_reason: terms.comp_reason.clone(),
        rule: parsed.rule,
    })
}

pub fn replace_audience(tx: &mut Tx, id: DiscountId, audience: &[Audience]) -> Result<()> {
    tx.queue(
        "delete from discount_audience where tenant_id = $1 and discount_id = $2",
        params![id],
    )?;
    if audience.is_empty() {
        return begin_generation(tx);
    }
    let rows: Vec<String> = (3..3 + audience.len())
        .map(|place| format!("($1, ${place}, $2)"))
        .collect();
    let sql = format!(
        "insert into discount_audience (tenant_id, audience, discount_id) values {}",
        rows.join(", ")
    );
    let mut params: Vec<Value> = vec![id.into()];
    params.extend(audience.iter().map(|one| Value::from(one.word())));
    tx.queue(&sql, &params)?;
    begin_generation(tx)
}

/// Whether somebody of the audience has `most` live discounts, this one left out.
pub fn is_crowded(
    read: &mut Read,
    id: DiscountId,
    audience: &[Audience],
    most: i64,
) -> Result<bool> {
    if audience.is_empty() {
        return Ok(false);
    }
    let sql = format!(
        "select audience from discount_audience
         where tenant_id = $1 and discount_id <> $2 and audience in ({})
         group by audience having count(*) >= $3 limit 1",
        places(4, audience.len())
    );
    let mut params: Vec<Value> = vec![id.into(), most.into()];
    params.extend(audience.iter().map(|one| Value::from(one.word())));
    Ok(read.first(&sql, &params)?.is_some())
}

/// The names of at most a hundred.
pub fn names_for(read: &mut Read, audience: Audience) -> Result<Vec<String>> {
    let rows = read.query(
        "select d.name from discount_audience a
         join discounts d on d.tenant_id = a.tenant_id and d.discount_id = a.discount_id
         where a.tenant_id = $1 and a.audience = $2 order by d.name_fold, d.discount_id limit 100",
        params![audience.word()],
    )?;
    rows.iter().map(|row| row.get(0)).collect()
}
