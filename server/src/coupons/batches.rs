//! Many codes at once: the demand is a batch, and a job makes its codes in steps, each with its count, so that it
//! goes on where it was cut off.

use std::fmt::Write as _;

use engine::window::Bound;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::terms::{Duration, Terms, check_discount};
use super::{code, numbers, store};
use crate::hall::call::Reply;
use crate::hall::error::{Error, Field, Result};
use crate::hall::id::{CouponBatchId, DiscountId, VenueId};
use crate::hall::identity::Venue;
use crate::hall::job::{Job, JobCall, Schedule};
use crate::hall::journal::EventType;
use crate::hall::money::Money;
use crate::hall::store::{Hot, Read, Tx};
use crate::jobs;

const QUANTITY_MAX: i64 = 1_000_000;
const LENGTH: i64 = 10;
const LENGTH_MIN: i64 = 6;
const LENGTH_MAX: i64 = 24;
const PREFIX_MAX: usize = 12;
/// So many codes there must be for each that is made: one guess in a million is right at best.
const SPARE: u128 = 1_000_000;

/// Codes of one transaction: a sale waits no longer than for these.
const STEP: i64 = 5_000;
/// Codes of one statement: more save nothing, and both stores take twice as many values.
const ROWS: usize = 500;
/// Steps of one run: four full batches. What is left waits for the next run.
const STEPS_MAX: usize = 1_000;

pub const GENERATE: Job = Job {
    name: "coupons.generate",
    about: "Makes the codes of batches that were asked for.",
    schedule: Schedule::Every(SignedDuration::from_mins(1)),
    run: |call| Box::pin(generate(call)),
};

/// Many codes of the same terms.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenerateCoupons {
    pub discount_id: DiscountId,
    /// Up to 12 letters and digits that each code begins with, as they shall be written.
    #[schema(example = "XMAS-")]
    pub prefix: Option<String>,
    #[schema(minimum = 1, maximum = 1_000_000, example = 10_000)]
    pub quantity: i64,
    /// Random characters behind the prefix; enough that no one guess in a million is right.
    #[schema(minimum = 6, maximum = 24, example = 10)]
    pub code_length: Option<i64>,
    /// Of each code.
    #[schema(example = 1)]
    pub max_uses: Option<u32>,
    #[schema(example = json!(null))]
    pub max_uses_per_customer: Option<u32>,
    #[schema(example = json!(null))]
    pub min_purchase_amount: Option<Money>,
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<Bound>,
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<Bound>,
    #[serde(default)]
    #[schema(example = false)]
    pub first_purchase_only: bool,
    #[serde(default)]
    pub duration: Duration,
    #[schema(example = json!(null))]
    pub duration_months: Option<u32>,
}

/// What was asked for, and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CouponBatch {
    pub id: CouponBatchId,
    pub discount_id: DiscountId,
    /// Where it was asked for; absent is the chain.
    pub venue_id: Option<VenueId>,
    #[schema(example = "XMAS-")]
    pub prefix: String,
    #[schema(example = 10)]
    pub code_length: i64,
    #[schema(example = 10_000)]
    pub quantity: i64,
    /// Of the quantity.
    #[schema(example = 5_000)]
    pub made: i64,
    pub max_uses: Option<u32>,
    pub max_uses_per_customer: Option<u32>,
    pub min_purchase_amount: Option<Money>,
    #[schema(value_type = Option<String>, example = "2026-06-01")]
    pub valid_from: Option<Bound>,
    #[schema(value_type = Option<String>, example = "2026-08-31")]
    pub valid_until: Option<Bound>,
    pub first_purchase_only: bool,
    pub duration: Duration,
    pub duration_months: Option<u32>,
    pub created_at: Timestamp,
    /// Absent while codes are still to be made.
    pub done_at: Option<Timestamp>,
}

impl Reply for CouponBatch {}

impl GenerateCoupons {
    fn terms(&self) -> Terms {
        Terms {
            max_uses: self.max_uses,
            max_uses_per_customer: self.max_uses_per_customer,
            min_purchase_amount: self.min_purchase_amount.clone(),
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            first_purchase_only: self.first_purchase_only,
            duration: self.duration,
            duration_months: self.duration_months,
            reward_id: None,
        }
    }

    fn prefix(&self) -> &str {
        self.prefix.as_deref().map_or("", str::trim)
    }

    fn length(&self) -> i64 {
        self.code_length.unwrap_or(LENGTH)
    }

    fn check(&self, read: &mut Read, venue: Option<&Venue>) -> Result<()> {
        let mut wrong = Vec::new();
        if !(1..=QUANTITY_MAX).contains(&self.quantity) {
            let said = format!("Send a whole number from 1 to {QUANTITY_MAX}.");
            wrong.push(Field::new("/quantity", "out_of_range", said));
        }
        let begins = self
            .prefix()
            .chars()
            .next()
            .is_none_or(char::is_alphanumeric);
        let is_short = self.prefix().chars().count() <= PREFIX_MAX;
        if !begins || !is_short || code::prefix(self.prefix()).is_none() {
            let said = format!(
                "Send up to {PREFIX_MAX} letters, digits and hyphens, a letter or digit first."
            );
            wrong.push(Field::new("/prefix", "invalid", said));
        }
        if !(LENGTH_MIN..=LENGTH_MAX).contains(&self.length()) {
            let said = format!("Send a whole number from {LENGTH_MIN} to {LENGTH_MAX}.");
            wrong.push(Field::new("/codeLength", "out_of_range", said));
        } else if !is_roomy(self.length(), self.quantity + alike(read, self)?) {
            let said = "So many codes of this length could be guessed: make them longer.";
            wrong.push(Field::new("/codeLength", "out_of_range", said));
        }
        check_discount(read, venue, self.discount_id, &mut wrong)?;
        self.terms().check(venue, &mut wrong);
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

/// Codes that read as those of the command may: whoever guesses does not mind of which batch.
fn alike(read: &mut Read, ask: &GenerateCoupons) -> Result<i64> {
    store::batches::quantity_of(read, ask.prefix(), ask.length())
}

/// Whether codes of this length are too many to guess one of `quantity`.
fn is_roomy(length: i64, quantity: i64) -> bool {
    let length = u32::try_from(length).unwrap_or(0);
    let quantity = u128::try_from(quantity).unwrap_or(0);
    32_u128.pow(length.min(24)) >= quantity * SPARE
}

/// Asks for a batch: the job makes it from here on, whatever happens to this process.
pub fn ask_for(tx: &mut Tx, venue: Option<&Venue>, ask: &GenerateCoupons) -> Result<CouponBatch> {
    ask.check(tx, venue)?;
    let (id, terms) = (numbers::new_batch(tx), ask.terms());
    let (first, last) = numbers::range(id)?;
    let batch = store::Batch {
        id,
        discount: ask.discount_id,
        customer: None,
        venue: venue.map(|venue| venue.id),
        terms: &terms,
        prefix: ask.prefix(),
        code_length: Some(ask.length()),
        quantity: ask.quantity,
        made: 0,
        first,
        last,
    };
    store::insert_batch(tx, &batch)?;
    let asked = find(tx, None, id)?;
    tx.audit_new("coupon.generate", id, &asked)?;
    jobs::hurry(tx, GENERATE.name)?;
    Ok(asked)
}

pub fn find(read: &mut Read, venue: Option<VenueId>, id: CouponBatchId) -> Result<CouponBatch> {
    store::batches::find(read, venue, id)?.ok_or(Error::NotFound("batch of codes"))
}

async fn generate(call: JobCall) -> Result<String> {
    let mut made = 0;
    // Of two processes of which one has lost its lease, one waits.
    let hot = Hot::of(call.tenant.id, "job", call.name);
    for _ in 0..STEPS_MAX {
        let Some(step) = call.write([hot], step).await? else {
            break;
        };
        made += step.made;
        call.progress(format!(
            "{} of {} codes of {}",
            step.so_far, step.quantity, step.batch
        ));
    }
    Ok(format!("made {made} codes"))
}

/// What one step came to.
pub struct Step {
    batch: CouponBatchId,
    made: i64,
    so_far: i64,
    quantity: i64,
}

/// Makes the next codes of the oldest batch that wants some, and counts them in the same transaction. Codes that
/// exist already are drawn again by the next step.
pub fn step(tx: &mut Tx) -> Result<Option<Step>> {
    let Some(batch) = store::batches::wanted(tx)? else {
        return Ok(None);
    };
    let count = STEP.min(batch.quantity - batch.made);
    let wanted = usize::try_from(count).map_err(Error::bug)?;
    let length = usize::try_from(batch.code_length).map_err(Error::bug)?;
    let prefix = code::prefix(&batch.prefix).unwrap_or_default();
    let codes = code::generate(tx.entropy(), &prefix, length, wanted);
    let (mut made, mut number) = (0, batch.numbered);
    for rows in codes.chunks(ROWS) {
        made += store::insert_made(tx, batch.id, number, rows)?;
        number += i64::try_from(rows.len()).map_err(Error::bug)?;
    }
    let made = i64::try_from(made).map_err(Error::bug)?;
    if !store::batches::advance(tx, &batch, count, made)? {
        return Err(Error::Again("another job made codes of the batch".into()));
    }
    if batch.made + made == batch.quantity {
        let done = find(tx, None, batch.id)?;
        tx.emit(EventType::CouponsGenerated, done.venue_id, &done)?;
    }
    Ok(Some(Step {
        batch: batch.id,
        made,
        so_far: batch.made + made,
        quantity: batch.quantity,
    }))
}

/// Codes that are read at once for a file, so that memory does not grow with the batch.
const FILE_STEP: i64 = 2_000;

/// The next lines of the file, and the code that they end with; nothing where it ends.
pub fn lines(
    read: &mut Read,
    batch: &CouponBatch,
    after: Option<&str>,
) -> Result<Option<(String, String)>> {
    // Every id of the batch comes behind the digits that all of them begin with.
    let (first, last) = numbers::range(batch.id)?;
    let begin = first.to_string();
    let first = begin.strip_suffix("0000").unwrap_or_default();
    let codes = store::batches::codes(
        read,
        &batch.prefix,
        (after.unwrap_or(first), last),
        FILE_STEP,
    )?;
    let Some((last, _)) = codes.last() else {
        return Ok(None);
    };
    let last = last.clone();
    let mut text = String::with_capacity(codes.len() * 24);
    for (_, code) in &codes {
        // Writing to a string does not fail.
        let _ = write!(text, "{code}\r\n");
    }
    Ok(Some((text, last)))
}
