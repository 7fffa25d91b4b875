//! A change of `pointsExpireDays` brought to the lots that are open already: previewed, audited, run by a job.
//!
//! `RUNNING` → `DONE`, one at a time. The days in force are fixed when it is asked for. The job walks the open lots
//! by customer in short steps, each a transaction that also notes how far it is, so that it goes on after a crash.
//! A lot that lapsed stays lapsed, and none ends sooner than the notice allows unless that is asked for plainly.

mod job;
pub mod routes;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::config::merged;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, OnViolation as _, Result};
use crate::hall::id::{CustomerId, Id as _, LotId, MigrationId};
use crate::hall::money::Money;
use crate::hall::secret::sha256;
use crate::hall::store::{Read, Tx};

pub use job::MIGRATE;

const NOTICE_DAYS: u32 = 30;
const NOTICE_DAYS_MAX: u32 = 3_650;
/// Lots of one question of a preview.
const PAGE: i64 = 2_000;
/// Questions of a preview; where there are more lots it says that it has not seen all.
const PAGES_MAX: usize = 100;

/// Gives open lots the end that the program's configuration says now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MigrateLots {
    /// No lot is made to end sooner than so many days from now. 30 where it is left out.
    #[serde(default = "notice")]
    #[schema(example = 30)]
    pub notice_days: u32,
    /// Plainly without a notice: lots may end at once.
    #[serde(default)]
    #[schema(example = false)]
    pub without_notice: bool,
}

fn notice() -> u32 {
    NOTICE_DAYS
}

/// A migration as it was previewed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BeginMigration {
    #[serde(default = "notice")]
    #[schema(example = 30)]
    pub notice_days: u32,
    #[serde(default)]
    #[schema(example = false)]
    pub without_notice: bool,
    /// What the preview of just this bears.
    #[schema(example = "1f6a0f1c2b9d4e37")]
    pub preview: String,
}

impl From<&BeginMigration> for MigrateLots {
    fn from(ask: &BeginMigration) -> MigrateLots {
        MigrateLots {
            notice_days: ask.notice_days,
            without_notice: ask.without_notice,
        }
    }
}

/// What a migration would touch.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MigrationPreview {
    #[schema(example = 120)]
    pub customers: i64,
    #[schema(example = 340)]
    pub lots: i64,
    #[schema(example = 51200)]
    pub points: i64,
    /// Of those, points that end sooner than they would have.
    #[schema(example = 51200)]
    pub points_ending_sooner: i64,
    /// Of those, points that live longer.
    #[schema(example = 0)]
    pub points_living_longer: i64,
    /// What points that live longer are worth, less those that end sooner, by currency.
    pub liability_change: Vec<Money>,
    /// False where there are more lots than a preview looks at: the figures are then of the first ones.
    pub is_whole: bool,
    /// Of what was asked and of the program as it is: who begins the migration sends it.
    #[schema(example = "1f6a0f1c2b9d4e37")]
    pub preview: String,
}

impl Reply for MigrationPreview {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MigrationState {
    Running,
    Done,
}

/// A migration and how far it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LotMigration {
    pub id: MigrationId,
    pub state: MigrationState,
    /// Whose lots have another end so far.
    #[schema(example = 120)]
    pub customers: i64,
    #[schema(example = 340)]
    pub lots: i64,
    #[schema(example = 51200)]
    pub points: i64,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Reply for LotMigration {}

/// By what lots are dated anew; fixed when the migration is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Terms {
    asked: MigrateLots,
    /// Before it a lot is not made to end.
    floor: Timestamp,
    /// What has lapsed by then is not brought back.
    at: Timestamp,
    /// Of points that belong to no venue.
    chain: VenueTerms,
    venues: BTreeMap<String, VenueTerms>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VenueTerms {
    expire_days: Option<u32>,
    redemption_rate: engine::money::PointValue,
    currency: String,
}

/// An open lot, and where it was earned.
#[derive(Debug, Clone)]
pub(super) struct OpenLot {
    customer: CustomerId,
    id: LotId,
    open: i64,
    earned_at: Timestamp,
    expires_at: Option<Timestamp>,
    venue: Option<String>,
    cause_kind: String,
}

impl OpenLot {
    /// From when its life is counted: history is counted from its import, which its id knows.
    fn counted_from(&self) -> Timestamp {
        if self.cause_kind != "import" {
            return self.earned_at;
        }
        let made = crate::hall::id::parse(&self.id.to_string(), LotId::PREFIX).ok();
        let millis = made.and_then(|made| i64::try_from(made.as_u128() >> 80).ok());
        let made = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        made.map_or(self.earned_at, |made| made.max(self.earned_at))
    }
}

impl Terms {
    /// Other terms have another one, whenever they are looked at.
    fn mark(&self) -> Result<String> {
        let all = serde_json::to_vec(&(&self.asked, &self.chain, &self.venues));
        let digest = sha256(&all.map_err(Error::bug)?);
        Ok(HEXLOWER.encode(&digest[..8]))
    }

    fn of_lot(&self, lot: &OpenLot) -> &VenueTerms {
        let venue = lot.venue.as_ref();
        venue
            .and_then(|venue| self.venues.get(venue))
            .unwrap_or(&self.chain)
    }

    /// The lot's new end, where it is another one.
    fn redated(&self, lot: &OpenLot) -> Option<Option<Timestamp>> {
        if lot.expires_at.is_some_and(|end| end <= self.at) {
            return None;
        }
        let end = self.of_lot(lot).expire_days.map(|days| {
            let lasts = SignedDuration::from_hours(24 * i64::from(days));
            let target = lot.counted_from().checked_add(lasts);
            self.no_sooner(target.unwrap_or(Timestamp::MAX), lot.expires_at)
        });
        (end != lot.expires_at).then_some(end)
    }

    fn no_sooner(&self, target: Timestamp, current: Option<Timestamp>) -> Timestamp {
        match current {
            Some(current) if target >= current => target,
            Some(current) => target.max(self.floor).min(current),
            None => target.max(self.floor),
        }
    }
}

/// Open lots, points and customers that a migration would touch now.
pub fn preview(read: &mut Read, ask: &MigrateLots) -> Result<MigrationPreview> {
    let terms = terms(read, ask)?;
    let mut seen = MigrationPreview {
        customers: 0,
        lots: 0,
        points: 0,
        points_ending_sooner: 0,
        points_living_longer: 0,
        liability_change: Vec::new(),
        is_whole: false,
        preview: terms.mark()?,
    };
    let mut change: BTreeMap<(String, i64), i64> = BTreeMap::new();
    let mut last = None;
    let (mut customer, mut lot) = (String::new(), String::new());
    for _ in 0..PAGES_MAX {
        let page = store::open_lots(read, &customer, &lot, PAGE)?;
        for lot in &page {
            let Some(end) = terms.redated(lot) else {
                continue;
            };
            seen.customers += i64::from(last != Some(lot.customer));
            last = Some(lot.customer);
            seen.lots += 1;
            seen.points += lot.open;
            let of = terms.of_lot(lot);
            let worth = change
                .entry((of.currency.clone(), of.redemption_rate.scaled()))
                .or_default();
            let lives_longer = match (end, lot.expires_at) {
                (None, _) => true,
                (Some(end), Some(before)) => end > before,
                (Some(_), None) => false,
            };
            if lives_longer {
                seen.points_living_longer += lot.open;
                *worth += lot.open;
            } else {
                seen.points_ending_sooner += lot.open;
                *worth -= lot.open;
            }
        }
        let Some(end) = page.last() else {
            seen.is_whole = true;
            break;
        };
        (customer, lot) = (end.customer.to_string(), end.id.to_string());
    }
    seen.liability_change = worth(change)?;
    Ok(seen)
}

/// Points at their rates, as money.
fn worth(points: BTreeMap<(String, i64), i64>) -> Result<Vec<Money>> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for ((currency, rate), points) in points {
        let minor = crate::hall::money::currency(&currency)?.minor_per_major();
        let exact = i128::from(points) * i128::from(rate) * i128::from(minor)
            / i128::from(engine::money::PointValue::SCALE);
        *sums.entry(currency).or_default() += i64::try_from(exact).map_err(Error::bug)?;
    }
    Ok(sums
        .into_iter()
        .map(|(currency, amount)| Money::of(amount, currency))
        .collect())
}

/// Begins a migration, which the job carries out. What guests buy since its preview moves figures and not the terms.
///
/// # Errors
/// `Conflict` where the program has changed since the preview, and while another migration runs.
pub fn begin(tx: &mut Tx, ask: &BeginMigration) -> Result<LotMigration> {
    let terms = terms(tx, &ask.into())?;
    if terms.mark()? != ask.preview {
        let said = "The program is not what that preview showed, or it was of another notice: look at a new one first.";
        return Err(Error::Conflict(Code::Conflict, Extra::saying(said)));
    }
    let id: MigrationId = tx.new_id();
    store::insert(tx, id, &terms).on_unique(|| {
        let said = "A migration of lots is running: wait for its end.";
        Error::Conflict(Code::Conflict, Extra::saying(said))
    })?;
    tx.audit_new("loyalty.migrate", id, &terms)?;
    find(tx, id)
}

pub fn find(read: &mut Read, id: MigrationId) -> Result<LotMigration> {
    store::find(read, id)?.ok_or(Error::NotFound("migration"))
}

fn terms(read: &mut Read, ask: &MigrateLots) -> Result<Terms> {
    if !(1..=NOTICE_DAYS_MAX).contains(&ask.notice_days) {
        let said = format!(
            "Send days from 1 to {NOTICE_DAYS_MAX}, or withoutNotice for lots that may end at once."
        );
        return Err(Error::field("/noticeDays", "out_of_range", said));
    }
    let days = if ask.without_notice {
        0
    } else {
        ask.notice_days
    };
    let places = store::places(read)?;
    let of = |currency: &str, own| {
        let config = merged(&places.chain, own, Some(currency));
        VenueTerms {
            expire_days: config.points_expire_days,
            redemption_rate: config.redemption_rate,
            currency: currency.to_owned(),
        }
    };
    let venues = places.venues.into_iter();
    Ok(Terms {
        asked: ask.clone(),
        floor: read.now() + SignedDuration::from_hours(24 * i64::from(days)),
        at: read.now(),
        chain: of(&places.currency, None),
        venues: venues
            .map(|place| (place.venue, of(&place.currency, place.own)))
            .collect(),
    })
}
