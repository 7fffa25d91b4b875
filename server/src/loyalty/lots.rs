//! A customer's lots in hand: those that matter are loaded, the engine decides, and what became other is written.
//!
//! What was read holds while the ledger has the rows that it had: whoever moves a point adds one. So the number of
//! rows stands in the statement that moves the balance, which comes before the lots are written. A refund of what has
//! wholly expired moves no point: the lot's own figures stand in the statement that writes it.

use engine::points::{FromLot, Lot, Wallet};
use jiff::{SignedDuration, Timestamp};

use super::store::lots as store;
use crate::customers::{self, Ledgered, Purse};
use crate::hall::error::Result;
use crate::hall::id::CustomerId;
use crate::hall::store::{Read, Tx};

pub(super) struct Hand {
    customer: CustomerId,
    pub purse: Purse,
    before: Vec<Lot>,
    wallet: Wallet,
    /// Rows that the ledger has by now.
    rows: i64,
}

impl Hand {
    /// With no lot yet: those that are read after the purse are as new, or the write finds out.
    pub fn open(read: &mut Read, customer: CustomerId) -> Result<Hand> {
        let purse = customers::purse(read, customer)?;
        Ok(Hand {
            customer,
            purse,
            before: Vec::new(),
            wallet: Wallet {
                lots: Vec::new(),
                debt: purse.debt,
            },
            rows: purse.ledger_rows,
        })
    }

    pub fn pick_up(&mut self, lots: impl IntoIterator<Item = Lot>) {
        for lot in lots {
            if self.before.iter().all(|known| known.id != lot.id) {
                self.before.push(lot.clone());
                self.wallet.lots.push(lot);
            }
        }
    }

    /// What was open of the lots in hand when they were picked up.
    pub fn open_before(&self) -> i64 {
        self.before.iter().map(|lot| lot.open).sum()
    }

    pub fn wallet(&mut self) -> &mut Wallet {
        &mut self.wallet
    }

    /// Takes back points of a lot; answers how many, with the row that is to say so.
    pub fn reverse(
        &mut self,
        tx: &mut Tx,
        lot: &Lot,
        points: i64,
    ) -> Result<Option<(i64, Ledgered)>> {
        let debt = self.wallet.debt;
        let taken = self.wallet.reverse(&lot.id, points);
        self.moved(tx, -taken, debt)
    }

    /// Puts redeemed points back; answers how many, with the row that is to say so.
    pub fn restore(
        &mut self,
        tx: &mut Tx,
        taken: &[FromLot],
        now: Timestamp,
        grace: SignedDuration,
    ) -> Result<Option<(i64, Ledgered)>> {
        let debt = self.wallet.debt;
        let restored = self.wallet.restore(taken, now, grace);
        self.moved(tx, restored, debt)
    }

    /// What reversals asked for of the lots in hand, whether or not it was there to be taken.
    pub fn unearned(&self) -> i64 {
        let lots = self.before.iter().zip(&self.wallet.lots);
        lots.map(|(was, is)| is.unearned - was.unearned).sum()
    }

    fn moved(&mut self, tx: &mut Tx, points: i64, debt: i64) -> Result<Option<(i64, Ledgered)>> {
        if points == 0 {
            return Ok(None);
        }
        let owed = self.wallet.debt - debt;
        let moved = customers::move_points(tx, self.customer, self.rows, points, owed)?;
        self.rows = moved.seq;
        Ok(Some((points, moved)))
    }

    /// Writes the lots that became other.
    pub fn put_down(&self, tx: &mut Tx) -> Result<()> {
        let lots = self.before.iter().zip(&self.wallet.lots);
        let changed: Vec<(&Lot, &Lot)> = lots.filter(|(was, is)| was != is).collect();
        store::change(tx, self.customer, &changed)?;
        // Of a lot that was open and ends when it did, it is known.
        let opened = changed
            .iter()
            .filter(|(was, is)| is.open > 0 && (was.open == 0 || was.expires_at != is.expires_at));
        match opened.filter_map(|(_, is)| is.expires_at).min() {
            Some(at) => customers::end_points_by(tx, self.customer, at),
            None => Ok(()),
        }
    }
}
