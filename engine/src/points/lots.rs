//! Lots: each earn keeps its own expiry, and what became of every point of it (L02).
//!
//! Balance = open lots − debt. Debt arises where points that must go back were spent already; it is
//! never there while a lot is open, so whatever comes in, and whatever is still open, pays it first.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::LotId;

/// `earned = open + redeemed + expired + reversed + moved + settled + adjusted`, none negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lot {
    pub id: LotId,
    pub expires_at: Option<Timestamp>,
    pub earned: i64,
    pub open: i64,
    pub redeemed: i64,
    pub expired: i64,
    /// What a reversal took out of the lot.
    pub reversed: i64,
    pub moved: i64,
    /// Paid to debt.
    pub settled: i64,
    pub adjusted: i64,
    /// What reversals of this lot turned into debt, being spent already.
    pub owed: i64,
    /// What reversals asked for of what was earned, also where it had expired or was adjusted away: `earned - unearned`
    /// is what a purchase counts for still.
    pub unearned: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    pub lots: Vec<Lot>,
    pub debt: i64,
}

/// Points taken from a lot; kept with the redemption, so that it can be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FromLot {
    pub lot_id: LotId,
    pub points: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRedeemable {
    TooFew { available: i64 },
    NotPositive,
}

impl fmt::Display for NotRedeemable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { available } => write!(out, "only {available} points can be spent"),
            Self::NotPositive => out.write_str("points to spend are more than none"),
        }
    }
}

impl std::error::Error for NotRedeemable {}

impl Lot {
    fn is_lapsed(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

impl Wallet {
    pub fn balance(&self) -> i64 {
        self.lots.iter().map(|lot| lot.open).sum::<i64>() - self.debt
    }

    /// A new lot; it pays debt first.
    pub fn earn(&mut self, id: LotId, points: i64, expires_at: Option<Timestamp>) {
        let earned = points.max(0);
        let settled = self.debt.min(earned);
        self.debt -= settled;
        self.lots.push(Lot {
            id,
            expires_at,
            earned,
            open: earned - settled,
            redeemed: 0,
            expired: 0,
            reversed: 0,
            moved: 0,
            settled,
            adjusted: 0,
            owed: 0,
            unearned: 0,
        });
    }

    /// Takes from the lot that expires soonest; a lapsed one is never spent.
    pub fn redeem(&mut self, points: i64, now: Timestamp) -> Result<Vec<FromLot>, NotRedeemable> {
        self.take(points, now, |lot| &mut lot.redeemed)
    }

    /// As [`Wallet::redeem`], by hand of the staff: what was given by mistake is taken away again.
    pub fn adjust(&mut self, points: i64, now: Timestamp) -> Result<Vec<FromLot>, NotRedeemable> {
        self.take(points, now, |lot| &mut lot.adjusted)
    }

    fn take(
        &mut self,
        points: i64,
        now: Timestamp,
        part: impl Fn(&mut Lot) -> &mut i64,
    ) -> Result<Vec<FromLot>, NotRedeemable> {
        if points <= 0 {
            return Err(NotRedeemable::NotPositive);
        }
        let live = self.lots.iter().filter(|lot| !lot.is_lapsed(now));
        let available = live.map(|lot| lot.open).sum();
        if points > available {
            return Err(NotRedeemable::TooFew { available });
        }
        let mut left = points;
        let mut taken = Vec::new();
        for place in self.soonest_first() {
            let lot = &mut self.lots[place];
            let points = if lot.is_lapsed(now) {
                0
            } else {
                lot.open.min(left)
            };
            if points > 0 {
                lot.open -= points;
                *part(lot) += points;
                left -= points;
                taken.push(FromLot {
                    lot_id: lot.id.clone(),
                    points,
                });
            }
        }
        Ok(taken)
    }

    /// Expires what has lapsed, and answers how many points that were.
    pub fn expire(&mut self, now: Timestamp) -> i64 {
        let mut points = 0;
        for lot in self.lots.iter_mut().filter(|lot| lot.is_lapsed(now)) {
            points += lot.open;
            lot.expired += lot.open;
            lot.open = 0;
        }
        points
    }

    /// Takes back points of a lot, at most what did not expire of it, and answers how many. What was
    /// spent already becomes debt, which the other open lots pay as far as they can. What has lapsed by now is to be
    /// expired before.
    pub fn reverse(&mut self, lot_id: &LotId, points: i64) -> i64 {
        let Some(lot) = self.lots.iter_mut().find(|lot| lot.id == *lot_id) else {
            return 0;
        };
        lot.unearned += points.min(lot.earned - lot.unearned).max(0);
        let most = lot.earned - lot.expired - lot.moved - lot.adjusted - lot.reversed - lot.owed;
        let asked = points.min(most).max(0);
        let from_open = lot.open.min(asked);
        lot.open -= from_open;
        lot.reversed += from_open;
        lot.owed += asked - from_open;
        self.debt += asked - from_open;
        self.pay_debt();
        asked
    }

    /// Puts redeemed points back into their lots, debt first. A lot that lapsed meanwhile, and is to be expired before,
    /// lives until `grace` from now.
    pub fn restore(&mut self, taken: &[FromLot], now: Timestamp, grace: SignedDuration) -> i64 {
        let mut restored = 0;
        for part in taken {
            let Some(lot) = self.lots.iter_mut().find(|lot| lot.id == part.lot_id) else {
                continue;
            };
            let points = part.points.min(lot.redeemed).max(0);
            let settled = self.debt.min(points);
            self.debt -= settled;
            lot.redeemed -= points;
            lot.settled += settled;
            lot.open += points - settled;
            if lot.is_lapsed(now) && points > settled {
                lot.expires_at = now.checked_add(grace).ok();
            }
            restored += points;
        }
        restored
    }

    fn pay_debt(&mut self) {
        for place in self.soonest_first() {
            let lot = &mut self.lots[place];
            let paid = lot.open.min(self.debt);
            lot.open -= paid;
            lot.settled += paid;
            self.debt -= paid;
        }
    }

    /// Soonest expiry first, never-expiring last, then id: two lots of one instant have one order on
    /// every store.
    fn soonest_first(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.lots.len()).collect();
        places.sort_by(|&a, &b| {
            let (a, b) = (&self.lots[a], &self.lots[b]);
            (a.expires_at.is_none(), a.expires_at, &a.id).cmp(&(
                b.expires_at.is_none(),
                b.expires_at,
                &b.id,
            ))
        });
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn holds_together(wallet: &Wallet) {
        for lot in &wallet.lots {
            let parts = [
                lot.open,
                lot.redeemed,
                lot.expired,
                lot.reversed,
                lot.moved,
                lot.settled,
                lot.adjusted,
            ];
            assert!(parts.iter().all(|part| *part >= 0), "{lot:?}");
            assert_eq!(lot.earned, parts.iter().sum::<i64>(), "{lot:?}");
        }
        assert!(
            wallet.debt == 0 || wallet.lots.iter().all(|lot| lot.open == 0),
            "L02: {wallet:?}"
        );
    }

    #[test]
    fn the_soonest_to_expire_goes_first_and_a_lapsed_one_never() {
        let mut wallet = Wallet::default();
        wallet.earn("lot_1".into(), 50, None);
        wallet.earn("lot_2".into(), 50, Some(at(200)));
        wallet.earn("lot_3".into(), 50, Some(at(100)));
        let part = |lot: &str, points| FromLot {
            lot_id: lot.into(),
            points,
        };
        assert_eq!(
            wallet.redeem(70, at(50)),
            Ok(vec![part("lot_3", 50), part("lot_2", 20)])
        );
        assert_eq!(
            wallet.redeem(60, at(200)),
            Err(NotRedeemable::TooFew { available: 50 })
        );
        assert_eq!(wallet.expire(at(200)), 30);
        assert_eq!(wallet.redeem(0, at(50)), Err(NotRedeemable::NotPositive));
        assert_eq!(wallet.balance(), 50);
        holds_together(&wallet);
    }

    #[test]
    fn debt_is_paid_by_whatever_is_open() {
        let mut wallet = Wallet::default();
        wallet.earn("lot_1".into(), 100, None);
        wallet.redeem(100, at(0)).expect("enough");
        wallet.earn("lot_2".into(), 30, None);
        assert_eq!(wallet.reverse(&"lot_1".into(), 100), 100);
        assert_eq!((wallet.debt, wallet.balance()), (70, -70));
        assert_eq!(wallet.reverse(&"lot_1".into(), 100), 0);
        assert_eq!(wallet.lots[0].unearned, 100);
        wallet.earn("lot_3".into(), 80, None);
        assert_eq!((wallet.debt, wallet.balance()), (0, 10));
        holds_together(&wallet);
    }

    #[test]
    fn what_expired_is_not_taken_back_and_counts_as_earned_no_more() {
        let mut wallet = Wallet::default();
        wallet.earn("lot_1".into(), 100, Some(at(10)));
        assert_eq!(wallet.adjust(30, at(0)).map(|taken| taken.len()), Ok(1));
        assert_eq!(wallet.reverse(&"lot_1".into(), 25), 25);
        assert_eq!(wallet.expire(at(20)), 45);
        assert_eq!(wallet.reverse(&"lot_1".into(), 50), 0);
        assert_eq!(wallet.lots[0].unearned, 75);
        assert_eq!(wallet.reverse(&"lot_1".into(), 50), 0);
        assert_eq!(wallet.lots[0].unearned, 100);
        holds_together(&wallet);
    }

    #[test]
    fn a_lot_that_lapsed_while_spent_lives_on_for_the_grace() {
        let mut wallet = Wallet::default();
        wallet.earn("lot_1".into(), 100, Some(at(10)));
        let taken = wallet.redeem(60, at(0)).expect("enough");
        assert_eq!(wallet.expire(at(20)), 40);
        assert_eq!(
            wallet.restore(&taken, at(20), SignedDuration::from_secs(30)),
            60
        );
        assert_eq!(wallet.lots[0].expires_at, Some(at(50)));
        assert_eq!(
            wallet.restore(&taken, at(20), SignedDuration::from_secs(30)),
            0
        );
        holds_together(&wallet);
    }
}
