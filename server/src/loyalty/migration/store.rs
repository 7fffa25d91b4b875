use jiff::Timestamp;

use super::{LotMigration, MigrationState, OpenLot, Terms};
use crate::hall::error::Result;
use crate::hall::id::MigrationId;
use crate::hall::store::{Read, Tx, json};
use crate::loyalty::config::EditConfig;
use crate::loyalty::reminders;
use crate::params;

/// What the chain and each of its venues say. Venues are only read here.
pub struct Places {
    pub chain: EditConfig,
    /// The chain's reporting currency, for points of no venue.
    pub currency: String,
    pub venues: Vec<Place>,
}

/// A venue, and what it sets itself.
pub struct Place {
    pub venue: String,
    pub currency: String,
    pub own: Option<(EditConfig, i64)>,
}

pub fn places(read: &mut Read) -> Result<Places> {
    let row = read.one(
        "select t.currency, c.config from tenants t
         left join loyalty_configs c on c.tenant_id = t.tenant_id and c.venue_id = '*'
         where t.tenant_id = $1",
        params![],
    )?;
    let chain = match row.get::<Option<String>>(1)? {
        Some(_) => row.json(1)?,
        None => EditConfig::default(),
    };
    let rows = read.query(
        "select v.venue_id, v.currency, c.version, c.config from venues v
         left join loyalty_configs c on c.tenant_id = v.tenant_id and c.venue_id = v.venue_id
         where v.tenant_id = $1 order by v.venue_id",
        params![],
    )?;
    let mut venues = Vec::with_capacity(rows.len());
    for row in &rows {
        let own = match row.get::<Option<i64>>(2)? {
            Some(version) => Some((row.json(3)?, version)),
            None => None,
        };
        venues.push(Place {
            venue: row.get(0)?,
            currency: row.get(1)?,
            own,
        });
    }
    Ok(Places {
        chain,
        currency: row.get(0)?,
        venues,
    })
}

pub const OPEN_LOTS: &str = "select l.customer_id, l.lot_id, l.open, l.earned_at, l.expires_at, r.venue_id, r.cause_kind
     from points_lots l
     join points_ledger r on r.tenant_id = l.tenant_id and r.customer_id = l.customer_id and r.seq = l.ledger_seq
     where l.tenant_id = $1 and (l.customer_id, l.lot_id) > ($2, $3) and l.open > 0
     order by l.customer_id, l.lot_id limit $4";

/// Open lots by customer, after one of them.
pub fn open_lots(
    read: &mut Read,
    after_customer: &str,
    after_lot: &str,
    limit: i64,
) -> Result<Vec<OpenLot>> {
    let rows = read.query(OPEN_LOTS, params![after_customer, after_lot, limit])?;
    rows.iter()
        .map(|row| {
            Ok(OpenLot {
                customer: row.get(0)?,
                id: row.get(1)?,
                open: row.get(2)?,
                earned_at: row.get(3)?,
                expires_at: row.get(4)?,
                venue: row.get(5)?,
                cause_kind: row.get(6)?,
            })
        })
        .collect()
}

/// Whether the lot is still open and ends when it did: else somebody has moved it, and it is left alone.
pub fn redate(tx: &mut Tx, lot: &OpenLot, end: Option<Timestamp>) -> Result<bool> {
    let now = tx.now();
    let changed = tx.exec(
        "update points_lots set expires_at = $5, reminder_days = $6
         where tenant_id = $1 and customer_id = $2 and lot_id = $3 and open > 0
           and coalesce(expires_at, -1) = $4",
        params![
            lot.customer,
            lot.id,
            lot.expires_at.map_or(-1, Timestamp::as_microsecond),
            end,
            reminders::first(end, now)
        ],
    )?;
    Ok(changed == 1)
}

pub fn insert(tx: &mut Tx, id: MigrationId, terms: &Terms) -> Result<()> {
    tx.exec(
        "insert into lot_migrations (tenant_id, migration_id, state, terms, started_at)
         values ($1, $2, 'RUNNING', $3, $4)",
        params![id, json(terms)?, tx.now()],
    )
    .map(|_| ())
}

pub fn find(read: &mut Read, id: MigrationId) -> Result<Option<LotMigration>> {
    let row = read.first(
        "select migration_id, state, customers, lots, points, started_at, ended_at from lot_migrations
         where tenant_id = $1 and migration_id = $2",
        params![id],
    )?;
    let Some(row) = row else { return Ok(None) };
    let state: MigrationState = row.word(1)?;
    Ok(Some(LotMigration {
        id: row.get(0)?,
        state,
        customers: row.get(2)?,
        lots: row.get(3)?,
        points: row.get(4)?,
        started_at: row.get(5)?,
        ended_at: row.get(6)?,
    }))
}

/// The one that runs, and how far it is.
pub struct Running {
    pub id: MigrationId,
    pub terms: Terms,
    pub after_customer: String,
    pub after_lot: String,
    pub last_touched: String,
    pub lots: i64,
}

pub fn running(read: &mut Read) -> Result<Option<Running>> {
    let row = read.first(
        "select migration_id, terms, after_customer, after_lot, last_touched, lots from lot_migrations
         where tenant_id = $1 and state = 'RUNNING'",
        params![],
    )?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Running {
        id: row.get(0)?,
        terms: row.json(1)?,
        after_customer: row.get(2)?,
        after_lot: row.get(3)?,
        last_touched: row.get(4)?,
        lots: row.get(5)?,
    }))
}

/// What a step did.
pub struct Step {
    pub customers: i64,
    pub lots: i64,
    pub points: i64,
    pub after_customer: String,
    pub after_lot: String,
    pub last_touched: String,
}

/// Whether it stands where the step began: a step is counted once.
pub fn advance(tx: &mut Tx, before: &Running, step: &Step) -> Result<bool> {
    let moved = tx.exec(
        "update lot_migrations set customers = customers + $5, lots = lots + $6, points = points + $7,
           after_customer = $8, after_lot = $9, last_touched = $10
         where tenant_id = $1 and migration_id = $2 and after_customer = $3 and after_lot = $4
           and state = 'RUNNING'",
        params![
            before.id,
            &before.after_customer,
            &before.after_lot,
            step.customers,
            step.lots,
            step.points,
            &step.after_customer,
            &step.after_lot,
            &step.last_touched
        ],
    )?;
    Ok(moved == 1)
}

pub fn end(tx: &mut Tx, id: MigrationId) -> Result<()> {
    tx.exec(
        "update lot_migrations set state = 'DONE', ended_at = $3
         where tenant_id = $1 and migration_id = $2 and state = 'RUNNING'",
        params![id, tx.now()],
    )
    .map(|_| ())
}
