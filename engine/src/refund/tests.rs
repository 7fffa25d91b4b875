use super::*;
use crate::discount::{Candidate, Discount, PointsAsked, Scope};
use crate::money::{Currency, Money};
use crate::order::{Line, Order};
use crate::quote::{Context, Policy, evaluate};
use jiff::Timestamp;

fn sale(
    mode: TaxMode,
    lines: &[(&str, &str, i64, &str, &str)],
    candidates: &[Candidate],
) -> Evaluation {
    let line = |&(id, product, price, quantity, rate): &(&str, &str, i64, &str, &str)| Line {
        quantity: quantity.parse().expect("well formed"),
        rate: rate.parse().expect("well formed"),
        ..Line::new(id, product, price, Timestamp::UNIX_EPOCH)
    };
    let order = Order {
        id: "ord_1".into(),
        currency: Currency::SEK,
        tax_mode: mode,
        opened_at: Timestamp::UNIX_EPOCH,
        customer: None,
        lines: lines.iter().map(line).collect(),
    };
    let context = Context {
        policy: Policy::default(),
        zone: jiff::tz::TimeZone::UTC,
    };
    evaluate(&order, candidates, &context).expect("in bounds")
}

fn items(asks: &[(&str, Option<&str>)]) -> Ask {
    let item = |&(line_id, quantity): &(&str, Option<&str>)| ItemAsk {
        line_id: line_id.into(),
        quantity: quantity.map(|text| text.parse().expect("well formed")),
    };
    Ask::Items(asks.iter().map(item).collect())
}

fn off(amount: i64) -> Candidate {
    Candidate::automatic(Discount::fixed(
        "dis_1",
        Scope::Order,
        Money::new(amount, Currency::SEK),
    ))
}

#[test]
fn one_by_one_the_taxes_add_up() {
    let sale = sale(TaxMode::Inclusive, &[("a", "x", 999, "3", "25")], &[]);
    let mut so_far = Refunded::none(&sale);
    let mut taxes = Vec::new();
    for _ in 0..3 {
        let back = refund(&sale, &so_far, &items(&[("a", Some("1"))])).expect("remains");
        taxes.push((back.amount, back.tax));
        so_far = back.so_far;
    }
    assert_eq!(taxes, [(999, 199), (999, 200), (999, 200)]);
    let again = refund(&sale, &so_far, &items(&[("a", Some("1"))]));
    assert_eq!(
        again,
        Err(NotRefundable::MoreThanRemains {
            line_id: "a".into(),
            remaining_units: 0
        })
    );
}

#[test]
fn the_dearest_unit_goes_first_whichever_line_it_stood_on() {
    let capped = Candidate::automatic(Discount {
        max_discount_amount: Some(Money::new(4_000, Currency::SEK)),
        ..Discount::fixed("dis_1", Scope::Item, Money::new(1_500, Currency::SEK))
    });
    let lines = [
        ("a", "x", 4_000, "1", "0"),
        ("b", "x", 4_000, "1", "0"),
        ("c", "x", 4_000, "1", "0"),
    ];
    let sale = sale(TaxMode::Inclusive, &lines, &[capped]);
    for order in [["a", "b", "c"], ["c", "a", "b"]] {
        let mut so_far = Refunded::none(&sale);
        let amounts = order.map(|line| {
            let back = refund(&sale, &so_far, &items(&[(line, None)])).expect("remains");
            so_far = back.so_far;
            back.amount
        });
        assert_eq!(amounts, [2_667, 2_667, 2_666], "{order:?}");
    }
}

#[test]
fn amounts_and_units_mix_and_end_at_what_was_paid() {
    for mode in [TaxMode::Inclusive, TaxMode::Exclusive] {
        let lines = [("a", "x", 999, "3", "25"), ("b", "y", 1_234, "1.5", "12")];
        let sale = sale(mode, &lines, &[off(777)]);
        let mut so_far = Refunded::none(&sale);
        let mut sum = (0, 0);
        for ask in [
            Ask::Amount(101),
            items(&[("a", Some("1"))]),
            Ask::Amount(333),
            items(&[("b", Some("1.5"))]),
            items(&[("a", None)]),
        ] {
            let back = refund(&sale, &so_far, &ask).expect("remains");
            assert!(back.tax >= 0 && back.amount >= 0);
            sum = (sum.0 + back.amount, sum.1 + back.tax);
            so_far = back.so_far;
        }
        assert_eq!(sum, (sale.totals.total, sale.totals.tax), "{mode:?}");
    }
}

#[test]
fn the_last_of_the_money_takes_everything_back() {
    let asked = PointsAsked {
        points: 1_000,
        value: "0.01".parse().expect("well formed"),
        points_min: 0,
        points_available: 1_000,
    };
    let lines = [("a", "x", 999, "3", "25"), ("b", "y", 500, "1", "12")];
    let sale = sale(
        TaxMode::Exclusive,
        &lines,
        &[Candidate::points("pts", asked)],
    );
    let first = refund(&sale, &Refunded::none(&sale), &Ask::Amount(1_000)).expect("remains");
    let rest = refund(
        &sale,
        &first.so_far,
        &Ask::Amount(sale.totals.total - 1_000),
    )
    .expect("remains");
    assert_eq!(first.tax + rest.tax, sale.totals.tax);
    assert_eq!(first.points_restored + rest.points_restored, 1_000);
    let more = refund(&sale, &rest.so_far, &Ask::Amount(1));
    assert_eq!(more, Err(NotRefundable::AmountTooLarge { remaining: 0 }));
}

#[test]
fn with_the_last_paid_unit_goes_what_cost_nothing() {
    let free = Candidate::automatic(Discount::fixed(
        "dis_1",
        Scope::Item,
        Money::new(500, Currency::SEK),
    ));
    let lines = [("a", "x", 500, "1", "25"), ("b", "y", 700, "1", "25")];
    let sale = sale(TaxMode::Inclusive, &lines, &[free]);
    let none = Refunded::none(&sale);
    let paid = refund(&sale, &none, &items(&[("b", None)])).expect("remains");
    assert_eq!((paid.amount, sale.totals.total), (200, 200));
    assert!(paid.so_far.is_whole(&sale) && !none.is_whole(&sale));
    let nothing = refund(&sale, &none, &items(&[("a", None)])).expect("remains");
    assert!(nothing.amount == 0 && !nothing.so_far.is_whole(&sale));
}

#[test]
fn what_cannot_go_back_says_why() {
    let sale = sale(TaxMode::Inclusive, &[("a", "x", 999, "1.5", "25")], &[]);
    let none = Refunded::none(&sale);
    for (ask, why) in [
        (
            items(&[("z", None)]),
            NotRefundable::UnknownLine("z".into()),
        ),
        (
            items(&[("a", Some("1"))]),
            NotRefundable::PartOfUnit("a".into()),
        ),
        (items(&[]), NotRefundable::Nothing),
        (Ask::Amount(0), NotRefundable::Nothing),
        (
            Ask::Amount(1_500),
            NotRefundable::AmountTooLarge { remaining: 1_499 },
        ),
    ] {
        assert_eq!(refund(&sale, &none, &ask), Err(why), "{ask:?}");
    }
    let other = Refunded {
        classes: Vec::new(),
        taxes: Vec::new(),
    };
    assert_eq!(
        refund(&sale, &other, &Ask::Amount(1)),
        Err(NotRefundable::OtherSale)
    );
}
