//! A second reckoning of the same rules, point by point and without the engine, beside the real room.

use super::give_all_back;
use std::collections::HashMap;

use engine::money::PointsPerUnit;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::verbs::earn_kind;
use crate::both_stores;
use crate::customers;
use crate::hall::error::{Code, Error, Result};
use crate::hall::id::{CustomerId, RefundId};
use crate::hall::law::Breach;
use crate::hall::store::{Read, Tx};
use crate::hall::testing::{TestApp, sequences};
use crate::loyalty::adjust::{Adjust, adjust};
use crate::loyalty::config::{EditConfig, configure};
use crate::loyalty::expiry::expire;
use crate::loyalty::laws;
use crate::loyalty::ledger::EarnKind;
use crate::loyalty::{Entry, Redeem, TakeBack, hold, redeem, take_back};
use crate::params;

/// Sequences of one run; `REGULARS_SEQUENCES` asks for more, or as `27084..27085` for some of them.
const SEQUENCES: u64 = 40;
const STEPS: u64 = 25;
/// Sequences that once found something, in earns of one kind: a lot that lived on by the grace was counted among those
/// that end soonest.
const TELLING: [u64; 1] = [27_084];
/// Of so many sequences the room's laws are asked after each step, of all where `REGULARS_LAWS=each` asks for it; of
/// the others at the end of the run.
const ASKED_AT_EACH_STEP: u64 = 4;
/// A refund takes them back in this order.
const KINDS: [EarnKind; 3] = [EarnKind::Spend, EarnKind::Bonus, EarnKind::Visit];

/// What became of one point.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Fate {
    Open,
    /// By a purchase, in its which redemption.
    Redeemed(String, usize),
    Expired,
    Reversed,
    Settled,
    Adjusted,
}

struct Point {
    lot: String,
    fate: Fate,
}

#[derive(Default)]
struct Reckoning {
    points: Vec<Point>,
    /// When each lot ends.
    ends: HashMap<String, Option<Timestamp>>,
    /// The lots that a purchase opened, by kind.
    earned: HashMap<String, [Option<String>; 3]>,
    owed: HashMap<String, usize>,
    held: HashMap<String, i64>,
    debt: usize,
    /// So far.
    redemptions: usize,
}

impl Reckoning {
    fn is_live(&self, lot: &str, now: Timestamp) -> bool {
        self.ends[lot].is_none_or(|end| end > now)
    }

    /// Places of points of that fate, in the order in which they are spent.
    fn of(&self, fate: &Fate) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.points.len())
            .filter(|place| self.points[*place].fate == *fate)
            .collect();
        places.sort_by_key(|place| {
            let lot = self.points[*place].lot.clone();
            let end = self.ends[&lot];
            (end.is_none(), end, lot)
        });
        places
    }

    fn live(&self, now: Timestamp) -> Vec<usize> {
        let mut open = self.of(&Fate::Open);
        open.retain(|place| self.is_live(&self.points[*place].lot, now));
        open
    }

    fn open(&mut self, lot: &str, points: usize, end: Option<Timestamp>) {
        self.ends.insert(lot.to_owned(), end);
        for _ in 0..points {
            let fate = if self.debt > 0 {
                self.debt -= 1;
                Fate::Settled
            } else {
                Fate::Open
            };
            let lot = lot.to_owned();
            self.points.push(Point { lot, fate });
        }
    }

    /// Whether so many can be taken; `own` of them are held by whoever takes them.
    fn take(&mut self, points: usize, own: i64, now: Timestamp, fate: &Fate) -> bool {
        let live = self.live(now);
        let others = self.held.values().sum::<i64>() - own;
        let wanted = signed(points);
        if wanted > signed(live.len()) || (wanted > own && wanted > signed(live.len()) - others) {
            return false;
        }
        for place in live.into_iter().take(points) {
            self.points[place].fate = fate.clone();
        }
        true
    }

    fn hold(&mut self, purchase: &str, points: i64, now: Timestamp) -> bool {
        let own = self.held.get(purchase).copied().unwrap_or(0);
        let live = signed(self.live(now).len());
        let others = self.held.values().sum::<i64>() - own;
        if points > live || (points > own && points > live - others) {
            return false;
        }
        self.held.remove(purchase);
        if points > 0 {
            self.held.insert(purchase.to_owned(), points);
        }
        true
    }

    fn restore(&mut self, purchase: &str, points: usize, now: Timestamp, grace: SignedDuration) {
        // The last redemption goes back first, and of each the lot that lives longest.
        let of = |redemption| self.of(&Fate::Redeemed(purchase.to_owned(), redemption));
        let mut taken: Vec<usize> = (0..self.redemptions).flat_map(of).collect();
        taken.reverse();
        for place in taken.into_iter().take(points) {
            let lot = self.points[place].lot.clone();
            self.points[place].fate = if self.debt > 0 {
                self.debt -= 1;
                Fate::Settled
            } else {
                if !self.is_live(&lot, now) {
                    self.ends.insert(lot, Some(now + grace));
                }
                Fate::Open
            };
        }
    }

    fn reverse(&mut self, purchase: &str, kind: usize, points: usize) {
        let lots = self.earned.get(purchase);
        let Some(lot) = lots.and_then(|lots| lots[kind].clone()) else {
            return;
        };
        let of_lot: Vec<usize> = (0..self.points.len())
            .filter(|place| self.points[*place].lot == lot)
            .collect();
        let gone = [Fate::Expired, Fate::Reversed, Fate::Adjusted];
        let left = of_lot
            .iter()
            .filter(|place| !gone.contains(&self.points[**place].fate))
            .count();
        let owed = self.owed.entry(lot).or_default();
        let asked = points.min(left.saturating_sub(*owed));
        let open = of_lot
            .into_iter()
            .filter(|place| self.points[*place].fate == Fate::Open);
        let open: Vec<usize> = open.take(asked).collect();
        *owed += asked - open.len();
        self.debt += asked - open.len();
        for place in open {
            self.points[place].fate = Fate::Reversed;
        }
        for place in self.of(&Fate::Open) {
            if self.debt > 0 {
                self.debt -= 1;
                self.points[place].fate = Fate::Settled;
            }
        }
    }

    fn expire(&mut self, now: Timestamp) {
        for place in self.of(&Fate::Open) {
            if !self.is_live(&self.points[place].lot, now) {
                self.points[place].fate = Fate::Expired;
            }
        }
    }

    /// Balance, debt, held, and what is open of each lot and until when.
    fn seen(&self) -> Seen {
        let mut lots: HashMap<String, (i64, Option<Timestamp>)> = HashMap::new();
        for place in self.of(&Fate::Open) {
            let lot = &self.points[place].lot;
            lots.entry(lot.clone()).or_insert((0, self.ends[lot])).0 += 1;
        }
        let open: i64 = lots.values().map(|(open, _)| *open).sum();
        let debt = signed(self.debt);
        (open - debt, debt, self.held.values().sum(), lots)
    }
}

type Seen = (i64, i64, i64, HashMap<String, (i64, Option<Timestamp>)>);

fn signed(count: usize) -> i64 {
    i64::try_from(count).expect("few points")
}

fn seen(read: &mut Read, customer: CustomerId) -> Result<Seen> {
    let purse = customers::purse(read, customer)?;
    let rows = read.query(
        "select lot_id, open, expires_at from points_lots where tenant_id = $1 and customer_id = $2 and open > 0",
        params![customer],
    )?;
    let lots = rows
        .iter()
        .map(|row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))));
    let lots = lots.collect::<Result<_>>()?;
    Ok((purse.balance, purse.debt, purse.held, lots))
}

/// What is broken of the laws that this room keeps.
async fn broken(app: &TestApp) -> Vec<Breach> {
    let asked = app.hall.db.across_tenants(app.now(), |across| {
        let each = laws::ALL.iter().map(|law| law.breaches(across));
        Ok(each.collect::<Result<Vec<_>>>()?.concat())
    });
    asked.await.expect("the laws can be asked")
}

/// Numbers that are the same in every run of one seed (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % sides
    }

    fn count(&mut self, sides: u64) -> usize {
        usize::try_from(self.below(sides)).expect("small")
    }
}

struct Sequence<'a> {
    app: &'a TestApp,
    customer: CustomerId,
    dice: Dice,
    /// For kinds of earns and figures of the program; without them all is spend.
    more: Option<Dice>,
    model: Reckoning,
    /// Purchases so far.
    bought: u64,
    grace: SignedDuration,
}

impl Sequence<'_> {
    fn purchase(&mut self) -> String {
        let number = self.dice.below(self.bought.max(1));
        format!("ord_{}_{number}", self.customer)
    }

    fn new_purchase(&mut self) -> String {
        self.bought += 1;
        format!("ord_{}_{}", self.customer, self.bought - 1)
    }

    /// Whether the room took it; a refusal is one for want of points.
    async fn tried(&self, verb: impl Fn(&mut Tx) -> Result<()> + Send + 'static) -> bool {
        match self.app.try_write(verb).await {
            Ok(()) => true,
            Err(Error::Refused(Code::PointsShort, _)) => false,
            Err(other) => panic!("{other}"),
        }
    }

    async fn opened(&self, row: &Entry) -> (String, Option<Timestamp>) {
        let (customer, seq) = (self.customer, row.seq);
        let find = move |tx: &mut Tx| {
            let row = tx.one(
                "select lot_id, expires_at from points_lots
                 where tenant_id = $1 and customer_id = $2 and ledger_seq = $3",
                params![customer, seq],
            )?;
            Ok((row.get(0)?, row.get(1)?))
        };
        self.app.write(find).await
    }

    /// What an earn is of: a new purchase, or another kind of one that may have earned or spent already.
    fn source(&mut self) -> (String, usize) {
        let kind = self
            .more
            .as_mut()
            .map_or(0, |more| more.count(KINDS.len() as u64));
        let known = (kind > 0 && self.bought > 0)
            .then(|| self.purchase())
            .filter(|purchase| {
                let lots = self.model.earned.get(purchase);
                lots.is_none_or(|lots| lots[kind].is_none())
            });
        (known.unwrap_or_else(|| self.new_purchase()), kind)
    }

    async fn step(&mut self) -> String {
        let (app, customer, now) = (self.app, self.customer, self.app.now());
        match self.dice.below(9) {
            0 | 1 => {
                let ((purchase, kind), points) = (self.source(), 1 + self.dice.count(30));
                let days = Some(1 + i64::try_from(self.dice.below(9)).expect("small"));
                let days = days.filter(|days| *days < 8);
                let of = (&*purchase, KINDS[kind]);
                let earned = earn_kind(app, customer, of, signed(points), days);
                let row = app.write(earned).await;
                let (lot, end) = self.opened(&row).await;
                self.model.open(&lot, points, end);
                self.model.earned.entry(purchase.clone()).or_default()[kind] = Some(lot);
                format!("{purchase} earns {points}: {:?}", KINDS[kind])
            }
            2 => self.redeem().await,
            3 | 4 => self.refund().await,
            5 => {
                self.model.expire(now);
                app.write(move |tx| expire(tx, &[customer])).await;
                "expire".into()
            }
            6 => self.adjust().await,
            7 => {
                let (purchase, points) = (
                    self.purchase(),
                    i64::try_from(self.dice.below(25)).expect("small"),
                );
                let ask = purchase.clone();
                let took = self
                    .tried(move |tx| hold(tx, customer, &ask, points, None))
                    .await;
                assert_eq!(
                    took,
                    self.model.hold(&purchase, points, now),
                    "hold {points}"
                );
                format!("hold {points}: {took}")
            }
            _ => {
                let hours = i64::try_from(self.dice.below(60)).expect("small");
                app.advance(SignedDuration::from_hours(hours));
                let days = 1 + u32::try_from(self.dice.below(5)).expect("small");
                self.grace = SignedDuration::from_hours(24 * i64::from(days));
                let others = self
                    .more
                    .as_mut()
                    .map(|more| (more.below(500), more.below(100)));
                app.write(move |tx| {
                    // Points that are there already, and the grace, know nothing of rates and minimum.
                    let rate = others.and_then(|(rate, _)| i64::try_from(rate).ok());
                    let rate = rate
                        .map(PointsPerUnit::from_scaled)
                        .transpose()
                        .map_err(Error::bug)?;
                    let ask = EditConfig {
                        restore_grace_days: Some(days),
                        points_expire_days: Some(days),
                        points_per_dollar: rate,
                        points_per_visit: rate,
                        min_points_redeem: others.and_then(|(_, least)| u32::try_from(least).ok()),
                        ..EditConfig::default()
                    };
                    configure(tx, None, &ask, None)
                })
                .await;
                format!("{hours} hours on, grace {days}")
            }
        }
    }

    async fn redeem(&mut self) -> String {
        let now = self.app.now();
        // One that holds points, where there is one: else a purchase of its own.
        let held = self.model.held.keys().min().cloned();
        let purchase = held.unwrap_or_else(|| self.new_purchase());
        let points = 1 + self.dice.count(25);
        let ask = Redeem {
            customer: self.customer,
            venue: self.app.venue,
            purchase: purchase.clone(),
            points: signed(points),
            policy: json!({}),
            at: now,
        };
        let took = self.tried(move |tx| redeem(tx, &ask).map(|_| ())).await;
        let own = self.model.held.get(&purchase).copied().unwrap_or(0);
        let fate = Fate::Redeemed(purchase.clone(), self.model.redemptions);
        self.model.redemptions += 1;
        assert_eq!(
            took,
            self.model.take(points, own, now, &fate),
            "redeem {points}"
        );
        if took {
            self.model.held.remove(&purchase);
        }
        format!("redeem {points}: {took}")
    }

    async fn refund(&mut self) -> String {
        let (now, purchase) = (self.app.now(), self.purchase());
        let (spend, restored) = (self.dice.count(35), self.dice.count(35));
        let others = self
            .more
            .as_mut()
            .map(|more| (more.count(35), more.below(3) == 0));
        let (bonus, visit) = others.unwrap_or_default();
        let ask = TakeBack {
            customer: self.customer,
            venue: self.app.venue,
            purchase: purchase.clone(),
            cause_kind: "refund",
            cause_id: self.app.hall.entropy.id::<RefundId>(now).to_string(),
            spend: signed(spend),
            bonus: signed(bonus),
            visit,
            restored: signed(restored),
            at: now,
        };
        self.app.write(move |tx| take_back(tx, &ask)).await;
        self.model.expire(now);
        self.model.restore(&purchase, restored, now, self.grace);
        let visited = if visit { usize::MAX } else { 0 };
        for (kind, points) in [spend, bonus, visited].into_iter().enumerate() {
            self.model.reverse(&purchase, kind, points);
        }
        format!("refund {purchase}: {spend}, {bonus} and {visited} back, {restored} restored")
    }

    async fn adjust(&mut self) -> String {
        let (venue, customer, now) = (self.app.venue, self.customer, self.app.now());
        let count = 1 + self.dice.count(12);
        let gives = self.dice.below(2) == 0;
        let points = if gives { signed(count) } else { -signed(count) };
        let ask = Adjust {
            points,
            reason: "by hand".into(),
        };
        if gives {
            let row = self
                .app
                .write(move |tx| adjust(tx, venue, customer, &ask))
                .await;
            let (lot, end) = self.opened(&row).await;
            self.model.open(&lot, count, end);
        } else {
            let took = self
                .tried(move |tx| adjust(tx, venue, customer, &ask).map(|_| ()))
                .await;
            assert_eq!(
                took,
                self.model.take(count, 0, now, &Fate::Adjusted),
                "adjust {points}"
            );
        }
        format!("adjust {points}")
    }
}

both_stores! {
    async fn the_room_and_a_second_reckoning_agree_after_every_step(app: TestApp) {
        let asked_each = std::env::var("REGULARS_LAWS").is_ok_and(|asked| asked == "each");
        let seeds = sequences(SEQUENCES);
        for seed in seeds.clone().chain(TELLING) {
            let customer = app.customer("Ann").await;
            let mut sequence = Sequence {
                app: &app, customer, dice: Dice(seed), more: (!TELLING.contains(&seed)).then_some(Dice(!seed)), model: Reckoning::default(), bought: 0,
                grace: SignedDuration::from_hours(24 * 30),
            };
            app.write(|tx| configure(tx, None, &EditConfig::default(), None)).await;
            let mut story = Vec::new();
            for _ in 0..STEPS {
                story.push(sequence.step().await);
                let real = app.write(move |tx| seen(tx, customer)).await;
                assert_eq!(real, sequence.model.seen(), "seed {seed}: {story:#?}");
                if asked_each || seed.wrapping_sub(seeds.start) < ASKED_AT_EACH_STEP {
                    assert_eq!(broken(&app).await, [], "seed {seed}: {story:#?}");
                }
            }
        }
        give_all_back(&app).await;
    }
}
