//! Which payments money goes back to: a pure sum over what was captured.
//!
//! Gift cards first, then cards, another register, cash; the newest first among those. Cash is rounded to coins as
//! it was when it was paid, never beyond what was captured, and the last of it is exactly what is left.

use engine::money::{Currency, cash_rounding};

use crate::hall::error::{Error, Result};
use crate::payments::{Captured, Method};

/// What goes back to one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub from: Captured,
    /// In coins, without the tip.
    pub amount: i64,
    pub tip: i64,
    /// The amount less what was exactly to go back.
    pub rounding: i64,
}

impl Share {
    /// What is exactly to go back, whatever coins there are.
    pub fn exact(&self) -> i64 {
        self.amount - self.rounding
    }
}

fn rank(method: Method) -> u8 {
    match method {
        Method::GiftCard => 0,
        Method::Card | Method::Stripe | Method::StripeTerminal => 1,
        Method::External => 2,
        Method::Cash => 3,
    }
}

/// Spreads `amount`, which is exact, and `tip` over `captured`, which is newest first. None where they hold less.
pub fn spread(
    captured: &[Captured],
    amount: i64,
    tip: i64,
    currency: Currency,
) -> Result<Option<Vec<Share>>> {
    let mut payments = captured.to_vec();
    // Stable: the newest stays first among those of one kind.
    payments.sort_by_key(|payment| rank(payment.method));
    let (mut amount_left, mut tip_left) = (amount, tip);
    let mut shares = Vec::new();
    for from in payments {
        let exact = amount_left.min(from.exact_left());
        let tip = tip_left.min(from.tip_left());
        if exact == 0 && tip == 0 {
            continue;
        }
        let amount = handed(&from, exact, currency)?;
        shares.push(Share {
            from,
            amount,
            tip,
            rounding: amount - exact,
        });
        amount_left -= exact;
        tip_left -= tip;
    }
    Ok((amount_left == 0 && tip_left == 0).then_some(shares))
}

fn handed(from: &Captured, exact: i64, currency: Currency) -> Result<i64> {
    if from.method != Method::Cash {
        return Ok(exact);
    }
    if exact == from.exact_left() {
        return Ok(from.left());
    }
    let cash = cash_rounding(exact, currency).map_err(Error::bug)?;
    Ok(cash.asked.min(from.left()))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::hall::id::Id;

    fn captured(number: u128, method: Method, amount: i64, tip: i64, rounding: i64) -> Captured {
        Captured {
            id: Id::from_uuid(Uuid::from_u128(number)),
            method,
            amount,
            tip,
            rounding,
            refunded: 0,
            refunded_tip: 0,
            refunded_rounding: 0,
            reporting_amount: amount + tip,
        }
    }

    fn told(captured: &[Captured], amount: i64, tip: i64) -> Option<Vec<(Method, i64, i64, i64)>> {
        let shares = spread(captured, amount, tip, Currency::SEK).expect("in bounds");
        shares.map(|shares| {
            let told = |share: Share| (share.from.method, share.amount, share.tip, share.rounding);
            shares.into_iter().map(told).collect()
        })
    }

    #[test]
    fn gift_cards_come_first_then_cards_registers_and_cash() {
        let newest_first = [
            captured(6, Method::Cash, 100, 0, 0),
            captured(5, Method::External, 100, 0, 0),
            captured(4, Method::Card, 100, 7, 0),
            captured(3, Method::GiftCard, 100, 0, 0),
            captured(2, Method::StripeTerminal, 100, 5, 0),
            captured(1, Method::GiftCard, 100, 0, 0),
        ];
        let spread = spread(&newest_first, 550, 9, Currency::EUR).expect("in bounds");
        let ids: Vec<_> = spread
            .expect("enough")
            .iter()
            .map(|one| one.from.id)
            .collect();
        let expected: Vec<_> = [3, 1, 4, 2, 5, 6]
            .map(|number| captured(number, Method::Cash, 0, 0, 0).id)
            .to_vec();
        assert_eq!(ids, expected);
        assert_eq!(told(&newest_first, 601, 0), None);
        assert_eq!(told(&newest_first, 0, 13), None);
        assert_eq!(
            told(&newest_first, 150, 9),
            Some(vec![
                (Method::GiftCard, 100, 0, 0),
                (Method::GiftCard, 50, 0, 0),
                (Method::Card, 0, 7, 0),
                (Method::StripeTerminal, 0, 2, 0),
            ])
        );
    }

    #[test]
    fn cash_goes_back_in_coins_and_at_last_exactly_what_came_in() {
        let mut cash = captured(1, Method::Cash, 22_700, 0, -16);
        for (exact, handed, rounding) in [(4_590, 4_600, 10), (40, 0, -40), (18_086, 18_100, 14)] {
            let shares = told(&[cash], exact, 0);
            assert_eq!(shares, Some(vec![(Method::Cash, handed, 0, rounding)]));
            cash.refunded += handed;
            cash.refunded_rounding += rounding;
        }
        assert_eq!(
            (cash.left(), cash.exact_left(), cash.refunded_rounding),
            (0, 0, -16)
        );
        assert_eq!(told(&[cash], 1, 0), None);
    }

    #[test]
    fn rounding_up_never_hands_out_more_than_came_in() {
        let mut cash = captured(1, Method::Cash, 200, 0, 0);
        for handed in [100, 100, 0] {
            let shares = told(&[cash], 60, 0).expect("enough");
            assert_eq!(shares[0].1, handed);
            cash.refunded += handed;
            cash.refunded_rounding += shares[0].3;
        }
        assert_eq!(told(&[cash], 20, 0), Some(vec![(Method::Cash, 0, 0, -20)]));
    }
}
