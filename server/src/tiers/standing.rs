//! Where a guest stands, and what moves them.

use engine::money::{Multiplier, Percent};
use engine::tier::{Earned, paced};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::change::{Change, Reckoning, TierRef};
use super::ladder::Ladder;
use super::store;
use crate::customers;
use crate::hall::error::{Error, Result};
use crate::hall::id::{CustomerId, TierId, VenueId};
use crate::hall::identity;
use crate::hall::journal::EventType;
use crate::hall::room::Bought;
use crate::hall::store::{Read, Tx};
use crate::rewards::{self, Grant};

/// Why a voucher comes.
const TIER: &str = "tier";

/// What a guest's tier gives now.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub tier_id: TierId,
    pub name: String,
    /// Off each order.
    pub percent: Option<Percent>,
    /// Of the points that an order earns.
    pub multiplier: Option<Multiplier>,
}

/// What a purchase, a refund or another act did to a guest's figures.
#[derive(Debug, Clone)]
pub struct Cause {
    pub customer: CustomerId,
    pub venue: VenueId,
    /// The business day of the earn, also for its refund.
    pub on: Date,
    /// The business day now.
    pub today: Date,
    /// 1 where it opened a visit, −1 where the visit is undone.
    pub visits: i64,
    /// Points earned, or taken back.
    pub points: i64,
    /// Minor units of the reporting currency, refunds negative.
    pub spend: i64,
    /// `order`, `refund`, `import`, …
    pub kind: &'static str,
    pub id: String,
    /// History leaves no event.
    pub is_quiet: bool,
}

/// A guest as one statement finds them.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub ladder: Ladder,
    pub held: Option<Held>,
}

/// The row of a guest who has risen once.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub tier: TierId,
    /// As it was called then.
    pub name: String,
    /// Where the tier stood then.
    pub rank: usize,
    pub review_on: Option<Date>,
    pub changes: i64,
}

impl Look {
    pub fn rank(&self) -> usize {
        let held = self.held.as_ref();
        held.map_or(0, |held| self.ladder.rank_of(held.tier, held.rank))
    }

    /// The tier that the row names, which an edit may have taken out of the ladder.
    fn holds(&self, tier: TierId) -> bool {
        match &self.held {
            Some(held) => held.tier == tier,
            None => self.ladder.tiers.first().is_some_and(|one| one.id == tier),
        }
    }
}

/// What a guest's tier gives now: one read by key.
pub fn standing(read: &mut Read, customer: CustomerId) -> Result<Standing> {
    let look = store::look(read, customer)?;
    let tier = look.ladder.tier(look.rank())?;
    Ok(Standing {
        tier_id: tier.id,
        name: tier.name.clone(),
        percent: tier.benefits.discount_percent,
        multiplier: tier.benefits.multiplier,
    })
}

/// The points of a guest's purchases less what refunds took back, by venue and business day: at most a row for each day
/// of each venue since the guest became known.
pub fn points_by_day(read: &mut Read, customer: CustomerId) -> Result<Vec<(VenueId, Date, i64)>> {
    store::points_by_day(read, customer)
}

/// What a guest's tier multiplies the points of a purchase by.
pub fn multiplier(read: &mut Read, customer: CustomerId) -> Result<Option<Multiplier>> {
    Ok(standing(read, customer)?.multiplier)
}

/// Counts a purchase that another system reported.
pub fn on_bought(tx: &mut Tx, bought: &Bought) -> Result<()> {
    let cause = Cause {
        customer: bought.customer,
        venue: bought.venue,
        on: bought.on,
        today: bought.today,
        visits: bought.visits,
        points: bought.points,
        spend: bought.spend,
        kind: bought.kind,
        id: bought.id.clone(),
        is_quiet: bought.is_quiet,
    };
    refresh(tx, &cause).map(|_| ())
}

/// Adds what happened to its own day and moves the guest where the days now say.
///
/// Called in the transaction that paid or refunded, after the customer's counters were moved: their row makes two
/// tills of one guest wait for each other.
///
/// # Errors
/// `Again` where somebody moved the guest meanwhile.
pub fn refresh(tx: &mut Tx, cause: &Cause) -> Result<Option<Change>> {
    if (cause.visits, cause.points, cause.spend) == (0, 0, 0) {
        return Ok(None);
    }
    let mut look = store::look(tx, cause.customer)?;
    if cause.takes() {
        // Whom the days alone have let fall keeps what the tier gave, whether or not the review has looked yet.
        let days_alone = Why {
            kind: "job",
            id: "tiers.review".into(),
            is_quiet: cause.is_quiet,
            taken_at: None,
        };
        if settle(tx, cause.customer, &look, cause.today, &days_alone)?.is_some() {
            look = store::look(tx, cause.customer)?;
        }
    }
    store::add_day(tx, cause)?;
    if cause.on < look.ladder.rules().first_day(cause.today) {
        return Ok(None);
    }
    let why = Why {
        kind: cause.kind,
        id: cause.id.clone(),
        is_quiet: cause.is_quiet,
        taken_at: cause.takes().then_some(cause.venue),
    };
    settle(tx, cause.customer, &look, cause.today, &why)
}

impl Cause {
    /// Whether figures go back, as a refund has it.
    fn takes(&self) -> bool {
        self.visits < 0 || self.points < 0 || self.spend < 0
    }
}

pub(super) struct Why {
    pub kind: &'static str,
    pub id: String,
    pub is_quiet: bool,
    /// Where the figures that made the guest rise were taken back.
    pub taken_at: Option<VenueId>,
}

/// Puts the guest where the days say.
pub(super) fn settle(
    tx: &mut Tx,
    customer: CustomerId,
    look: &Look,
    today: Date,
    why: &Why,
) -> Result<Option<Change>> {
    let rules = look.ladder.rules();
    let days = store::days(tx, customer, rules.first_day(today), today)?;
    let earned = rules.earned(&days, today);
    let (rank, opens_at) = pace(tx, customer, look, earned.rank)?;
    let tier = look.ladder.tier(rank)?;
    let kept_until = if rank == earned.rank {
        earned.kept_until
    } else {
        rules.kept_until(&days, rank)
    };
    let ends_on = kept_until.and_then(|day| day.tomorrow().ok());
    let looked_at = opens_at.map(|at| day_after(at, today));
    let review_on = [ends_on, looked_at].into_iter().flatten().min();
    if look.holds(tier.id) {
        // A day that is too early costs one more look; one that is too late would keep a tier that has ended.
        if let Some(held) = &look.held
            && must_look_earlier(held.review_on, review_on, today)
        {
            store::look_again(tx, customer, held.changes, review_on)?;
        }
        return Ok(None);
    }
    let change = change(tx, customer, look, (rank, earned), today, why)?;
    store::append(tx, &change, look.ladder.velocity)?;
    store::put_standing(tx, &change, look.held.is_some(), review_on)?;
    let badge = (rank > 0).then_some(tier.name.as_str());
    customers::wear_tier(tx, customer, badge)?;
    if !why.is_quiet {
        tx.audit(
            "tier.change",
            customer,
            Some(&change.from),
            Some(&change.to),
        )?;
        tx.emit(EventType::TierChanged, None, &change)?;
        greet(tx, customer, look, rank)?;
        if let Some(venue) = why.taken_at {
            take_leave(tx, customer, look, rank, venue)?;
        }
    }
    Ok(Some(change))
}

/// The voucher of each tier that a guest falls from by a refund, where nobody has used it and the rise that gave it is
/// the one that goes. Who falls because days have gone by keeps it, whatever rises and refunds follow.
fn take_leave(
    tx: &mut Tx,
    customer: CustomerId,
    look: &Look,
    rank: usize,
    venue: VenueId,
) -> Result<()> {
    let venue = identity::venue(tx, venue)?.ok_or(Error::NotFound("venue"))?;
    for lost in rank + 1..=look.rank() {
        let tier = look.ladder.tier(lost)?;
        if let Some(since) = store::rose_at(tx, customer, lost)? {
            rewards::cancel_newest(tx, &venue, customer, (TIER, &tier.id.to_string()), since)?;
        }
    }
    Ok(())
}

/// The voucher of each tier that a guest rises to or past: each tier gives its own once, whatever follows, and once
/// more where a refund or staff took it back.
fn greet(tx: &mut Tx, customer: CustomerId, look: &Look, rank: usize) -> Result<()> {
    for reached in look.rank() + 1..=rank {
        let tier = look.ladder.tier(reached)?;
        let Some(reward) = tier.benefits.reward_id else {
            continue;
        };
        let grant = Grant {
            customer,
            reward,
            cause_kind: TIER,
            cause_id: tier.id.to_string(),
        };
        rewards::grant_anew(tx, &grant)?;
    }
    Ok(())
}

fn must_look_earlier(stored: Option<Date>, wanted: Option<Date>, today: Date) -> bool {
    match (stored, wanted) {
        (Some(stored), Some(wanted)) => wanted < stored || stored <= today,
        (stored, wanted) => stored != wanted,
    }
}

/// The rank that the pace of the ladder allows, and when it may allow more. Where the guest stood when its days began
/// is told by what moved them since: an edit of the ladder moves no one and numbers its tiers anew.
fn pace(
    tx: &mut Tx,
    customer: CustomerId,
    look: &Look,
    earned: usize,
) -> Result<(usize, Option<Timestamp>)> {
    let held = look.rank();
    let Some(velocity) = look.ladder.pace().filter(|_| earned > held) else {
        return Ok((earned, None));
    };
    let span = SignedDuration::from_hours(24 * i64::from(velocity.days));
    let then = tx.now() - span;
    let past = match &look.held {
        Some(_) => store::rank_at(tx, customer, then)?,
        None => store::Past::default(),
    };
    let rank = paced(earned, held, past.rank.unwrap_or(held), Some(velocity));
    let opens_at = past.next_change.unwrap_or(tx.now()) + span;
    Ok((rank, (rank < earned).then_some(opens_at)))
}

/// The first day that lies wholly after the instant, in every zone that matters here.
fn day_after(at: Timestamp, today: Date) -> Date {
    let next = |day: Date| day.tomorrow().unwrap_or(day);
    next(at.to_zoned(TimeZone::UTC).date()).max(next(today))
}

fn change(
    tx: &Tx,
    customer: CustomerId,
    look: &Look,
    (rank, earned): (usize, Earned),
    today: Date,
    why: &Why,
) -> Result<Change> {
    let named = |rank: usize| -> Result<TierRef> {
        let tier = look.ladder.tier(rank)?;
        Ok(TierRef {
            id: tier.id,
            name: tier.name.clone(),
            rank,
        })
    };
    let mut from = named(look.rank())?;
    if let Some(held) = &look.held {
        (from.id, from.name) = (held.tier, held.name.clone());
    }
    let first = look.ladder.rules().period.first_day(today);
    Ok(Change {
        customer_id: customer,
        seq: look.held.as_ref().map_or(0, |held| held.changes) + 1,
        from,
        to: named(rank)?,
        ladder_version: look.ladder.version,
        reckoning: Reckoning {
            from: first,
            until: today,
            figures: earned.figures,
            earned: named(earned.rank)?,
            by_grace: earned.by_grace,
        },
        cause_kind: why.kind.into(),
        cause_id: why.id.clone(),
        at: tx.now(),
    })
}

/// What follows an edit of the ladder for one guest: the tier, and the name that the till shows.
pub(super) fn level(
    tx: &mut Tx,
    customer: CustomerId,
    today: Date,
    why: &Why,
) -> Result<Option<Change>> {
    let look = store::look(tx, customer)?;
    // A venue further east may have begun its next day, and the guest may have been there.
    let newest = store::newest_day(tx, customer)?;
    let today = newest.map_or(today, |day| day.max(today));
    let moved = settle(tx, customer, &look, today, why)?;
    let rank = look.rank();
    let name = &look.ladder.tier(rank)?.name;
    if let (None, Some(held)) = (&moved, &look.held)
        && (held.rank, &held.name) != (rank, name)
    {
        customers::wear_tier(tx, customer, (rank > 0).then_some(name))?;
        store::rename(tx, customer, held.changes, rank, name)?;
    }
    Ok(moved)
}
