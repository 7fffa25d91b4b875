//! Laws as properties, by number: over random orders, rules and refunds. `PROPTEST_CASES` chooses how
//! many orders each law sees; 150,000 make a run of over a million.

use engine::discount::{
    Base, Candidate, ComboItem, Coupon, Discount, LineShare, PointsAsked, Scope, TaxBasis, Type,
};
use engine::money::{Currency, Money, Multiplier, Percent, Quantity};
use engine::order::{Customer, Line, Modifier, Order, TaxMode};
use engine::points::{EarnBasis, Program, Purchase, earn};
use engine::quote::{Context, Evaluation, Policy, Verdict, evaluate};
use engine::refund::{Ask, ItemAsk, Refunded, points_reversed, refund};
use engine::window::{Moment, TimeOfDay};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const SHELF: [(&str, &str, &str, bool); 6] = [
    ("ale", "cat_beer", "25", true),
    ("beer", "cat_beer", "25", false),
    ("burger", "cat_food", "12", false),
    ("cake", "cat_food", "12", false),
    ("coffee", "cat_hot", "12", false),
    ("ticket", "cat_play", "8.875", false),
];

fn opened_at() -> Timestamp {
    "2026-06-05T15:30:00Z".parse().expect("well formed")
}

fn a_line() -> impl Strategy<Value = Line> {
    let price = prop_oneof![0..3_i64, 95..105_i64, 900..20_000_i64];
    let quantity =
        prop_oneof![6 => (1..5_i64).prop_map(|units| units * 1_000), 1 => 100..3_000_i64];
    let modifier = prop_oneof![3 => Just(None), 1 => (0..200_i64).prop_map(Some)];
    (
        0..SHELF.len(),
        price,
        quantity,
        modifier,
        0..3_i64,
        prop::bool::weighted(0.05),
    )
        .prop_map(|(place, price, quantity, modifier, hours, is_gift_card)| {
            let (product, category, rate, is_regulated) = SHELF[place];
            let modifiers = modifier.map(|price| Modifier {
                id: "mod_1".into(),
                group_id: Some("grp_milk".into()),
                price,
            });
            Line {
                category_id: Some(category.into()),
                rate: rate.parse().expect("well formed"),
                quantity: Quantity::from_scaled(quantity).expect("in range"),
                modifiers: modifiers.into_iter().collect(),
                is_regulated,
                is_gift_card,
                ..Line::new(
                    "",
                    product,
                    price,
                    opened_at() + SignedDuration::from_hours(hours),
                )
            }
        })
}

fn an_order() -> impl Strategy<Value = Order> {
    (prop::collection::vec(a_line(), 1..8), any::<bool>()).prop_map(|(mut lines, inclusive)| {
        for (place, line) in lines.iter_mut().enumerate() {
            line.id = format!("itm_{place}").into();
        }
        Order {
            id: "ord_1".into(),
            currency: Currency::SEK,
            tax_mode: if inclusive {
                TaxMode::Inclusive
            } else {
                TaxMode::Exclusive
            },
            opened_at: opened_at(),
            customer: Some(Customer {
                id: "cus_1".into(),
                group_ids: vec!["grp_1".into()],
                segment_ids: vec![],
                purchases: 2,
            }),
            lines,
        }
    })
}

fn a_percent() -> impl Strategy<Value = Percent> {
    (0..=10_000_i64).prop_map(|points| Percent::from_scaled(points).expect("in range"))
}

fn a_rule() -> impl Strategy<Value = Discount> {
    let kind = (
        0..9_usize,
        a_percent(),
        0..9_000_i64,
        0..SHELF.len(),
        0..SHELF.len(),
    );
    let terms = (
        any::<bool>(),
        prop::bool::weighted(0.8),
        0..3_i32,
        prop::option::weighted(0.2, 0..2_000_i64),
    );
    let more = (
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        1..3_u32,
        1..3_u32,
    );
    (kind, terms, more).prop_map(|(kind, terms, more)| {
        let (number, percent, amount, one, other) = kind;
        let (by_list, is_stackable, priority, cap) = terms;
        let (untaxed, in_hours, buy, get) = more;
        let crowns = |amount| Money::new(amount, Currency::SEK);
        let (item, category) = (SHELF[one].0, SHELF[one].1);
        let rule = match number {
            0 => Discount::percentage("", Scope::Order, percent),
            1 => Discount::fixed("", Scope::Order, crowns(amount)),
            2 => Discount {
                target_item_ids: vec![item.into()],
                ..Discount::percentage("", Scope::Item, percent)
            },
            3 => Discount {
                target_category_ids: vec![category.into()],
                ..Discount::fixed("", Scope::Category, crowns(amount))
            },
            4 => Discount {
                target_modifier_group_ids: vec!["grp_milk".into()],
                ..Discount::percentage("", Scope::ModifierGroup, percent)
            },
            5 => Discount {
                customer_group_id: Some("grp_1".into()),
                ..Discount::percentage("", Scope::CustomerGroup, percent)
            },
            6 => Discount {
                buy_quantity: Some(buy),
                get_quantity: Some(get),
                get_item_ids: vec![item.into(), SHELF[other].0.into()],
                get_discount_percent: Some(percent),
                ..Discount::new("", Type::Percentage, Scope::Quantity)
            },
            7 => Discount {
                combo_items: vec![
                    ComboItem {
                        product_id: Some(item.into()),
                        category_id: None,
                        quantity: buy,
                    },
                    ComboItem {
                        product_id: None,
                        category_id: Some(SHELF[other].1.into()),
                        quantity: 1,
                    },
                ],
                combo_price: Some(crowns(amount)),
                ..Discount::new("", Type::FixedAmount, Scope::Combo)
            },
            _ => Discount {
                target_item_ids: vec![item.into()],
                ..Discount::new("", Type::Comp, Scope::Item)
            },
        };
        Discount {
            is_stackable,
            priority,
            base: if by_list { Base::List } else { Base::Running },
            max_discount_amount: cap.map(crowns),
            tax_basis: if untaxed {
                TaxBasis::Undiscounted
            } else {
                TaxBasis::Discounted
            },
            time_from: if in_hours { "16:00".parse().ok() } else { None },
            time_until: if in_hours { "19:00".parse().ok() } else { None },
            ..rule
        }
    })
}

fn some_candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let rules = prop::collection::vec((a_rule(), 0..3_u8), 0..7);
    let points = prop::option::weighted(0.4, 0..9_000_i64);
    (rules, points, prop::option::weighted(0.3, a_percent())).prop_map(|(rules, points, tier)| {
        let mut candidates: Vec<Candidate> = Vec::new();
        for (place, (rule, origin)) in rules.into_iter().enumerate() {
            let rule = Discount {
                id: format!("dis_{place}").into(),
                ..rule
            };
            let id = format!("can_{place}");
            let mut candidate = match origin {
                0 => Candidate::automatic(rule),
                1 => Candidate::coupon(
                    id,
                    rule,
                    Coupon {
                        code: "CODE".into(),
                        ..Coupon::default()
                    },
                ),
                _ => Candidate::manual(id, rule),
            };
            candidate.added = u32::from(origin);
            candidates.push(candidate);
        }
        candidates.extend(tier.map(|percent| Candidate::tier("tier", percent)));
        candidates.extend(points.map(|points| {
            let value = "0.005".parse().expect("well formed");
            Candidate::points(
                "points",
                PointsAsked {
                    points,
                    value,
                    points_min: 10,
                    points_available: 8_000,
                },
            )
        }));
        candidates
    })
}

fn a_policy() -> impl Strategy<Value = Policy> {
    (prop::bool::weighted(0.2), prop::bool::weighted(0.3)).prop_map(
        |(one_per_line, choose_best)| Policy {
            one_per_line,
            choose_best,
            ..Policy::default()
        },
    )
}

fn context(policy: Policy) -> Context {
    Context {
        policy,
        zone: TimeZone::get("Europe/Stockholm").expect("bundled"),
    }
}

fn priced(order: &Order, candidates: &[Candidate], policy: Policy) -> Evaluation {
    evaluate(order, candidates, &context(policy)).expect("in bounds")
}

fn bytes(evaluation: &Evaluation) -> String {
    serde_json::to_string(evaluation).expect("serializes")
}

fn settings() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        failure_persistence: None,
        max_global_rejects: usual.cases * 20,
        ..usual
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn l06_every_amount_is_the_sum_of_its_parts(
        order in an_order(), candidates in some_candidates(), policy in a_policy(),
    ) {
        let sale = priced(&order, &candidates, policy);
        for one in &sale.discounts {
            let by_class: i64 = sale.classes.iter().flat_map(|class| &class.shares)
                .filter(|share| share.candidate_id == one.candidate_id).map(|share| share.amount).sum();
            let by_line: i64 = sale.lines.iter().flat_map(|line| &line.shares)
                .filter(|share| share.candidate_id == one.candidate_id).map(|share| share.amount).sum();
            prop_assert_eq!((by_class, by_line), (one.amount, one.amount));
        }
        let totals = &sale.totals;
        prop_assert_eq!(sale.discounts.iter().map(|one| one.amount).sum::<i64>(), totals.discounts);
        prop_assert_eq!(sale.lines.iter().map(|line| line.total).sum::<i64>(), totals.total);
        prop_assert_eq!(sale.lines.iter().map(|line| line.tax).sum::<i64>(), totals.tax);
        prop_assert_eq!(sale.lines.iter().map(|line| line.subtotal).sum::<i64>(), totals.subtotal);
        prop_assert_eq!(sale.classes.iter().map(|class| class.tax).sum::<i64>(), totals.tax);
        prop_assert_eq!(totals.tax_by_rate.iter().map(|rate| rate.tax).sum::<i64>(), totals.tax);
        let on_top = if order.tax_mode == TaxMode::Exclusive { totals.tax } else { 0 };
        prop_assert_eq!(totals.total, totals.subtotal - totals.discounts + on_top);
        for class in &sale.classes {
            prop_assert_eq!(class.subtotal, class.unit_price * class.units);
            let shares: i64 = class.shares.iter().map(|share| share.amount).sum();
            prop_assert_eq!(class.amount, class.subtotal - shares);
            prop_assert_eq!(class.units, class.lines.iter().map(|line| line.units).sum::<i64>());
        }
    }

    #[test]
    fn l07_nothing_is_below_zero_and_only_what_stacks_applies(
        order in an_order(), candidates in some_candidates(), policy in a_policy(),
    ) {
        let sale = priced(&order, &candidates, policy);
        prop_assert!(sale.totals.total >= 0 && sale.totals.tax >= 0 && sale.totals.discounts >= 0);
        prop_assert!(sale.lines.iter().all(|line| line.total >= 0 && line.discounts >= 0 && line.tax >= 0));
        prop_assert!(sale.classes.iter().all(|class| class.amount >= 0 && class.amount <= class.subtotal));
        let rule = |id: &str| candidates.iter().find(|one| one.id.as_str() == id).expect("it was asked");
        let mut stacked = Vec::new();
        for one in &sale.discounts {
            let candidate = rule(&one.candidate_id);
            let cap = candidate.discount.max_discount_amount.map_or(i64::MAX, |money| money.amount);
            prop_assert!(one.amount > 0 && one.amount <= cap);
            if !one.is_comp && one.points.is_none() {
                stacked.push(candidate);
            }
        }
        let alone = stacked.iter().any(|one| !one.discount.is_stackable);
        prop_assert!(!alone || stacked.len() == 1);
        for class in &sale.classes {
            let on_class = |one: &&&Candidate| class.shares.iter().any(|share| share.candidate_id == one.id);
            let scopes: Vec<Scope> = stacked.iter().filter(on_class).map(|one| one.discount.scope).collect();
            let mut distinct = scopes.clone();
            distinct.sort_by_key(|scope| *scope as u8);
            distinct.dedup();
            prop_assert_eq!(distinct.len(), scopes.len(), "two rules of one scope on one unit");
            prop_assert!(!policy.one_per_line || scopes.len() <= 1);
        }
        let is_regulated = |class: &&engine::quote::ClassOutcome| class.product_id.as_deref() == Some("ale");
        for class in sale.classes.iter().filter(is_regulated) {
            for share in &class.shares {
                let candidate = rule(&share.candidate_id);
                let kind = candidate.discount.kind;
                prop_assert!(!matches!(kind, Type::Comp | Type::Points) && !candidate.discount.is_bundle());
            }
        }
    }

    #[test]
    fn l09_positions_and_splitting_change_nothing(
        order in an_order(), candidates in some_candidates(), policy in a_policy(), turns in 0..50_usize,
    ) {
        let sale = priced(&order, &candidates, policy);
        let (mut turned, mut asked) = (order.clone(), candidates.clone());
        turned.lines.rotate_left(turns % order.lines.len());
        turned.lines.reverse();
        asked.rotate_left(turns % candidates.len().max(1));
        prop_assert_eq!(bytes(&priced(&turned, &asked, policy)), bytes(&sale));

        let mut split = order.clone();
        split.lines.clear();
        for line in order.lines.iter().rev() {
            let units = if line.quantity.unit_size() == Quantity::SCALE { line.quantity.units() } else { 1 };
            for place in 0..units {
                let quantity = if units == 1 { line.quantity } else { Quantity::ONE };
                // Ids that sort otherwise than the whole lines did.
                let id = format!("{}_{}", units - place, line.id).into();
                split.lines.push(Line { id, quantity, ..line.clone() });
            }
        }
        let apart = priced(&split, &candidates, policy);
        prop_assert_eq!(&apart.totals, &sale.totals);
        prop_assert_eq!(&apart.discounts, &sale.discounts);
        prop_assert_eq!(&apart.trace, &sale.trace);
        let amounts = |sale: &Evaluation| -> Vec<_> {
            sale.classes.iter().map(|class| (class.units, class.amount, class.tax, class.shares.clone())).collect()
        };
        prop_assert_eq!(amounts(&apart), amounts(&sale));
    }

    #[test]
    fn l09_what_is_added_and_removed_leaves_no_mark(
        order in an_order(), line in a_line(), candidates in some_candidates(), policy in a_policy(),
    ) {
        let before = bytes(&priced(&order, &candidates, policy));
        let mut longer = order.clone();
        longer.lines.push(Line { id: "itm_more".into(), ..line });
        let added = priced(&longer, &candidates, policy);
        longer.lines.retain(|line| line.id.as_str() != "itm_more");
        prop_assert_eq!(bytes(&priced(&longer, &candidates, policy)), before);
        prop_assert!(added.totals.subtotal >= 0);
    }

    #[test]
    fn l07_choosing_never_saves_less_than_the_walk(order in an_order(), candidates in some_candidates()) {
        let walked = priced(&order, &candidates, Policy::default());
        let chosen = priced(&order, &candidates, Policy { choose_best: true, ..Policy::default() });
        let stacked = |sale: &Evaluation| -> i64 {
            sale.discounts.iter().filter(|one| one.points.is_none()).map(|one| one.amount).sum()
        };
        prop_assert!(stacked(&chosen) >= stacked(&walked));
    }

    #[test]
    fn l07_choosing_among_few_is_exact(order in an_order(), candidates in some_candidates()) {
        let stacks = |one: &&Candidate| one.discount.kind != Type::Comp && one.discount.kind != Type::Points;
        let chosen_from: Vec<&Candidate> = candidates.iter().filter(stacks).take(5).collect();
        let saving = |set: &[Candidate], policy| priced(&order, set, policy).totals.discounts;
        let all: Vec<Candidate> = chosen_from.iter().map(|one| (*one).clone()).collect();
        let best = (0..1_usize << all.len()).map(|set| {
            let some = all.iter().enumerate().filter(|(place, _)| set & (1 << place) != 0);
            let some: Vec<Candidate> = some.map(|(_, one)| one.clone()).collect();
            saving(&some, Policy::default())
        });
        let chosen = saving(&all, Policy { choose_best: true, ..Policy::default() });
        prop_assert_eq!(Some(chosen), best.max());
    }

    #[test]
    fn l10_a_comp_of_some_units_frees_just_those(order in an_order(), units in 1..4_i64) {
        let line = &order.lines[0];
        prop_assume!(line.quantity.unit_size() == Quantity::SCALE && units <= line.quantity.units());
        prop_assume!(!line.is_regulated && !line.is_gift_card && line.unit_price > 0);
        let quantity = Quantity::whole(u32::try_from(units).expect("small")).ok();
        let mut comp = Candidate::manual("comp", Discount::new("comp", Type::Comp, Scope::Item));
        comp.lines = vec![LineShare { line_id: line.id.clone(), quantity }];
        let sale = priced(&order, &[comp], Policy::default());
        let price = line.unit_price + line.modifiers.iter().map(|modifier| modifier.price).sum::<i64>();
        prop_assert_eq!(sale.totals.discounts, price * units);
        let row = sale.lines.iter().find(|row| row.line_id == line.id).expect("it is on the order");
        prop_assert_eq!(row.discounts, price * units);
    }

    #[test]
    fn l29_refunds_in_any_pieces_end_at_what_was_paid(
        order in an_order(),
        candidates in some_candidates(),
        steps in prop::collection::vec((any::<bool>(), 0..8_usize, 1..9_000_i64), 0..10),
    ) {
        let sale = priced(&order, &candidates, Policy::default());
        let program = Program {
            points_per_dollar: "1".parse().expect("well formed"),
            points_per_visit: "0".parse().expect("well formed"),
            earn_basis: EarnBasis::PreTax,
            rules: vec![],
            promotions: vec![],
            tier_multiplier: Multiplier::from_scaled(150).ok(),
        };
        let moment = Moment::new(order.opened_at, &TimeZone::UTC, TimeOfDay::FIVE);
        let customer = order.customer.as_ref().expect("one is attached");
        let purchase = Purchase { evaluation: &sale, customer, moment, opens_visit: true };
        let earned = earn(&purchase, &program).expect("in bounds");
        let redeemed: i64 = sale.discounts.iter().filter_map(|one| one.points).sum();

        let mut asks: Vec<Ask> = steps.iter().map(|&(by_amount, place, amount)| {
            let line = &order.lines[place % order.lines.len()];
            let one = if line.quantity.unit_size() == Quantity::SCALE { Some(Quantity::ONE) } else { None };
            let item = ItemAsk { line_id: line.id.clone(), quantity: one };
            if by_amount { Ask::Amount(amount) } else { Ask::Items(vec![item]) }
        }).collect();
        let all = |line: &Line| ItemAsk { line_id: line.id.clone(), quantity: None };
        asks.push(Ask::Items(order.lines.iter().map(all).collect()));

        let mut so_far = Refunded::none(&sale);
        let (mut amount, mut tax, mut restored, mut reversed) = (0, 0, 0, 0);
        for ask in &asks {
            let Ok(back) = refund(&sale, &so_far, ask) else { continue };
            prop_assert!(back.amount >= 0 && back.tax >= 0 && back.points_restored >= 0);
            let taken = points_reversed(&sale, &so_far, &back.so_far, &earned, EarnBasis::PreTax);
            prop_assert!(taken >= 0);
            (amount, tax) = (amount + back.amount, tax + back.tax);
            (restored, reversed) = (restored + back.points_restored, reversed + taken);
            prop_assert!(amount <= sale.totals.total && tax <= sale.totals.tax);
            prop_assert!(restored <= redeemed && reversed <= earned.spend_points);
            so_far = back.so_far;
        }
        prop_assert_eq!((amount, tax), (sale.totals.total, sale.totals.tax));
        prop_assert_eq!((restored, reversed), (redeemed, earned.spend_points));
    }

    #[test]
    fn l30_what_was_stored_recomputes_to_the_same_bytes(
        order in an_order(), candidates in some_candidates(), policy in a_policy(),
    ) {
        let sale = priced(&order, &candidates, policy);
        let text = serde_json::to_string(&(&order, &candidates, policy)).expect("serializes");
        let (order, candidates, policy): (Order, Vec<Candidate>, Policy) =
            serde_json::from_str(&text).expect("reads");
        prop_assert_eq!(bytes(&priced(&order, &candidates, policy)), bytes(&sale));
        let read: Evaluation = serde_json::from_str(&bytes(&sale)).expect("reads");
        prop_assert_eq!(read, sale);
    }
}

#[test]
fn l07_a_rejected_rule_says_why() {
    let order = Order {
        id: "ord_1".into(),
        currency: Currency::SEK,
        tax_mode: TaxMode::Inclusive,
        opened_at: opened_at(),
        customer: None,
        lines: vec![Line::new("itm_1", "beer", 100, opened_at())],
    };
    let ten = Percent::from_scaled(1_000).expect("in range");
    let rules = ["dis_1", "dis_2"]
        .map(|id| Candidate::automatic(Discount::percentage(id, Scope::Order, ten)));
    let sale = priced(&order, &rules, Policy::default());
    let verdicts: Vec<Verdict> = sale.trace.iter().map(|entry| entry.verdict).collect();
    assert_eq!(verdicts, [Verdict::Applied, Verdict::Rejected]);
}
