//! What each rule does on small orders: the refusals with their figures, and the edges of each kind.

mod usual;

use engine::order::Order;
use engine::points::{Program, Purchase, earn};
use engine::quote::{Context, Evaluation, Policy, Refused, bucket, evaluate};
use engine::window::{Moment, TimeOfDay};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use usual::{candidate, merged, order};

fn context(policy: &Value) -> Context {
    let policy =
        serde_json::from_value(merged(&json!(Policy::default()), policy)).expect("a policy");
    Context {
        policy,
        zone: TimeZone::get("Europe/Stockholm").expect("bundled"),
    }
}

/// Two beers at 80 and a burger at 120, on a Friday at noon.
fn tab() -> Order {
    order(&json!({"customer": {"groupIds": ["grp_1"]}, "lines": [
        {"id": "beers", "productId": "beer", "categoryId": "drinks", "unitPrice": 8000, "quantity": "2"},
        {"id": "burger", "productId": "burger", "categoryId": "food", "unitPrice": 12000,
         "modifiers": [{"id": "cheese", "groupId": "extras", "price": 1000}]},
    ]}))
}

fn priced(order: &Order, candidates: &Value, policy: &Value) -> Evaluation {
    let candidates: Vec<_> = candidates
        .as_array()
        .expect("a list")
        .iter()
        .map(candidate)
        .collect();
    evaluate(order, &candidates, &context(policy)).expect("in bounds")
}

fn sek(amount: i64) -> Value {
    json!({"amount": amount, "currency": "SEK"})
}

#[test]
fn a_rule_that_does_not_fit_says_what_is_missing() {
    let ten = json!({"percent": "10"});
    for (rule, more, reason) in [
        (
            json!({"isActive": false}),
            json!({}),
            json!({"code": "INACTIVE"}),
        ),
        (
            json!({"percent": null, "type": "FIXED_AMOUNT"}),
            json!({}),
            json!({"code": "INCOMPLETE"}),
        ),
        (
            json!({"minPurchaseAmount": {"amount": 1, "currency": "EUR"}}),
            json!({}),
            json!({"code": "OTHER_CURRENCY"}),
        ),
        (
            json!({"customerGroupId": "grp_2"}),
            json!({}),
            json!({"code": "NOT_IN_GROUP", "groupId": "grp_2"}),
        ),
        (
            json!({"segmentId": "seg_2"}),
            json!({}),
            json!({"code": "NOT_IN_SEGMENT", "segmentId": "seg_2"}),
        ),
        (
            json!({"customerIds": ["cus_2"]}),
            json!({}),
            json!({"code": "NOT_FOR_THIS_CUSTOMER"}),
        ),
        (
            json!({}),
            json!({"usesLeft": 0}),
            json!({"code": "USES_SPENT"}),
        ),
        (
            json!({}),
            json!({"customerUsesLeft": 0}),
            json!({"code": "CUSTOMER_USES_SPENT"}),
        ),
        (
            json!({"requiresApproval": true}),
            json!({}),
            json!({"code": "APPROVAL_REQUIRED"}),
        ),
        (
            json!({"validFrom": "2026-06-06"}),
            json!({}),
            json!({"code": "NOT_YET_VALID", "from": "2026-06-06"}),
        ),
        (
            json!({"validUntil": "2026-06-04"}),
            json!({}),
            json!({"code": "NO_LONGER_VALID", "until": "2026-06-04"}),
        ),
        (
            json!({"daysOfWeek": [1], "timeFrom": "08:00"}),
            json!({}),
            json!({"code": "OUTSIDE_TIME_WINDOW", "daysOfWeek": [1], "timeFrom": "08:00", "timeUntil": null}),
        ),
        (
            json!({"scope": "ITEM", "targetItemIds": ["beer"], "timeUntil": "11:00"}),
            json!({}),
            json!({"code": "OUTSIDE_TIME_WINDOW", "daysOfWeek": [], "timeFrom": null, "timeUntil": "11:00"}),
        ),
        (
            json!({"minPurchaseAmount": sek(30_250)}),
            json!({}),
            json!({"code": "MIN_PURCHASE_NOT_MET", "short": 1_250}),
        ),
        (
            json!({"scope": "ITEM", "targetItemIds": ["beer"], "minQuantity": 5}),
            json!({}),
            json!({"code": "MIN_QUANTITY_NOT_MET", "short": 3}),
        ),
        (
            json!({"scope": "ITEM", "targetItemIds": ["cake"]}),
            json!({}),
            json!({"code": "NO_MATCHING_ITEM"}),
        ),
        (
            json!({"scope": "QUANTITY", "buyQuantity": 3, "getQuantity": 1, "buyItemIds": ["beer"]}),
            json!({}),
            json!({"code": "SET_INCOMPLETE"}),
        ),
        (
            json!({"percent": "0"}),
            json!({}),
            json!({"code": "NO_SAVING"}),
        ),
        (
            json!({}),
            json!({"coupon": {"code": "A", "usesLeft": 0}}),
            json!({"code": "USES_SPENT"}),
        ),
        (
            json!({}),
            json!({"coupon": {"code": "A", "customerId": "cus_2"}}),
            json!({"code": "NOT_FOR_THIS_CUSTOMER"}),
        ),
        (
            json!({}),
            json!({"coupon": {"code": "A", "validUntil": "2026-06-04"}}),
            json!({"code": "NO_LONGER_VALID", "until": "2026-06-04"}),
        ),
        (
            json!({"minPurchaseAmount": sek(1)}),
            json!({"coupon": {"code": "A", "minPurchaseAmount": sek(30_000)}}),
            json!({"code": "MIN_PURCHASE_NOT_MET", "short": 1_000}),
        ),
    ] {
        let mut asked = merged(&json!({"discount": merged(&ten, &rule)}), &more);
        if rule["percent"].is_null() && rule.get("percent").is_some() {
            asked["discount"]["percent"] = Value::Null;
        }
        let sale = priced(&tab(), &json!([asked]), &json!({}));
        assert_eq!(json!(sale.trace[0].reason), reason, "{rule} {more}");
        assert_eq!(sale.totals.total, 29_000);
    }
}

#[test]
fn nobody_attached_is_asked_for() {
    let anonymous = Order {
        customer: None,
        ..tab()
    };
    for asked in [
        json!({"discount": {"percent": "10", "customerIds": ["cus_1"]}}),
        json!({"discount": {"percent": "10"}, "customerUsesLeft": 3}),
        json!({"discount": {"percent": "10"}, "coupon": {"code": "A", "firstPurchaseOnly": true}}),
    ] {
        let sale = priced(&anonymous, &json!([asked]), &json!({}));
        assert_eq!(
            json!(sale.trace[0].reason),
            json!({"code": "CUSTOMER_REQUIRED"})
        );
    }
}

#[test]
fn each_kind_takes_what_it_should() {
    for (rule, discounts) in [
        (json!({"percent": "10"}), 2_900),
        (json!({"percent": "33.33"}), 9_666),
        (
            json!({"scope": "MODIFIER", "targetModifierIds": ["cheese"], "percent": "50"}),
            500,
        ),
        (
            json!({"scope": "MODIFIER_GROUP", "targetModifierGroupIds": ["extras"], "percent": "100"}),
            1_000,
        ),
        (
            json!({"scope": "MODIFIER", "targetModifierIds": ["cheese"], "type": "FIXED_AMOUNT", "amount": sek(5_000)}),
            1_000,
        ),
        (
            json!({"scope": "CATEGORY", "targetCategoryIds": ["drinks"], "type": "FIXED_AMOUNT", "amount": sek(9_000)}),
            16_000,
        ),
        (
            json!({"type": "FIXED_AMOUNT", "amount": sek(99_000)}),
            29_000,
        ),
        (
            json!({"scope": "ITEM", "targetItemIds": ["beer"], "type": "FIXED_AMOUNT", "fixedPer": "ORDER", "amount": sek(500)}),
            500,
        ),
        (
            json!({"scope": "QUANTITY", "targetItemIds": ["beer"], "minQuantity": 2, "percent": "25"}),
            4_000,
        ),
        (
            json!({"scope": "COMBO", "comboItems": [{"productId": null, "categoryId": "drinks", "quantity": 1}, {"productId": "burger", "categoryId": null, "quantity": 1}], "comboPercent": "10"}),
            2_100,
        ),
        (
            json!({"scope": "COMBO", "comboItems": [{"productId": "beer", "categoryId": null, "quantity": 2}], "comboAmountOff": sek(3_000)}),
            3_000,
        ),
        (json!({"type": "COMP"}), 29_000),
        (json!({"percent": "10", "maxDiscountAmount": sek(100)}), 100),
    ] {
        let sale = priced(&tab(), &json!([{"discount": rule}]), &json!({}));
        assert_eq!(sale.totals.discounts, discounts, "{rule}");
    }
}

#[test]
fn comps_leave_first_and_rewards_come_last() {
    let sale = priced(
        &tab(),
        &json!([
            {"id": "free", "origin": "REWARD", "discount": {"type": "COMP", "scope": "ITEM", "targetItemIds": ["beer"], "maxSets": 1}},
            {"id": "half", "discount": {"percent": "50"}},
            {"id": "comp", "origin": "MANUAL", "lines": [{"lineId": "beers", "quantity": "1"}], "discount": {"type": "COMP"}},
            {"id": "big", "discount": {"percent": "90", "minPurchaseAmount": sek(25_000)}},
        ]),
        &json!({}),
    );
    let taken: Vec<(&str, i64)> = sale
        .discounts
        .iter()
        .map(|one| (one.candidate_id.as_str(), one.amount))
        .collect();
    assert_eq!(taken, [("comp", 8_000), ("half", 10_500), ("free", 4_000)]);
    let reason = |id: &str| {
        json!(
            sale.trace
                .iter()
                .find(|entry| entry.candidate_id.as_str() == id)
                .expect("traced")
                .reason
        )
    };
    assert_eq!(
        reason("big"),
        json!({"code": "MIN_PURCHASE_NOT_MET", "short": 4_000})
    );
    assert_eq!(sale.totals.total, 6_500);
}

#[test]
fn who_wins_is_told_with_both_savings() {
    let asked = json!([
        {"id": "small", "discount": {"id": "small", "percent": "10", "priority": 1}},
        {"id": "large", "discount": {"id": "large", "percent": "20"}},
    ]);
    let walked = priced(&tab(), &asked, &json!({}));
    assert_eq!(walked.totals.discounts, 2_900);
    assert_eq!(
        json!(walked.trace[1].reason),
        json!({"code": "EXCLUDED_BY", "discountId": "small", "itsSaving": 2_900, "thisSaving": 5_800})
    );
    let chosen = priced(&tab(), &asked, &json!({"chooseBest": true}));
    assert_eq!(chosen.totals.discounts, 5_800);
    assert_eq!(
        json!(chosen.trace[0].reason),
        json!({"code": "EXCLUDED_BY", "discountId": "large", "itsSaving": 5_800, "thisSaving": 2_900})
    );
}

#[test]
fn gift_cards_and_regulated_items_stand_apart() {
    let tab = order(&json!({"customer": {}, "lines": [
        {"id": "card", "productId": "card", "unitPrice": 50_000, "rate": "25", "isGiftCard": true},
        {"id": "wine", "productId": "wine", "unitPrice": 10_000, "rate": "25", "isRegulated": true},
    ]}));
    let half = priced(&tab, &json!([{"discount": {"percent": "50"}}]), &json!({}));
    assert_eq!((half.totals.total, half.totals.tax), (55_000, 1_000));
    let points = json!([{"origin": "POINTS", "points": {"points": 500, "value": "0.01", "pointsMin": 0, "pointsAvailable": 500}}]);
    let kept = priced(&tab, &points, &json!({}));
    assert_eq!(
        json!(kept.trace[0].reason),
        json!({"code": "REGULATED_ITEM", "units": 1})
    );
}

#[test]
fn an_experiment_keeps_each_customer_in_one_variant() {
    let in_first_half = |customer: &str| bucket("exp_1", customer) < 5_000;
    let share = (0..10_000)
        .filter(|place| in_first_half(&format!("cus_{place}")))
        .count();
    assert!((4_800..5_200).contains(&share), "{share}");
    let variant = |name: &str, from: &str, until: &str| {
        let experiment = json!({"experimentId": "exp_1", "variant": name, "fromPercent": from, "untilPercent": until});
        json!({"id": name, "discount": {"id": name, "percent": "10", "experiment": experiment}})
    };
    let sale = priced(
        &tab(),
        &json!([variant("a", "0", "50"), variant("b", "50", "100")]),
        &json!({}),
    );
    assert_eq!(sale.discounts.len(), 1);
}

#[test]
fn orders_out_of_bounds_are_refused() {
    let with = |lines: Vec<Value>| order(&json!({"lines": lines}));
    let line = |id: String, price: i64, quantity: &str| json!({"id": id, "productId": "x", "unitPrice": price, "quantity": quantity});
    let many = (0..501)
        .map(|place| line(format!("l{place}"), 1, "1"))
        .collect();
    for (order, why) in [
        (with(many), Refused::TooManyLines),
        (
            with(vec![
                line("a".into(), 1, "100000"),
                line("b".into(), 1, "0.001"),
            ]),
            Refused::TooManyUnits,
        ),
        (
            with(vec![line("a".into(), -1, "1")]),
            Refused::PriceOutOfRange,
        ),
        (
            with(vec![line("a".into(), 1_000_000_000_001, "1")]),
            Refused::PriceOutOfRange,
        ),
        (
            with(vec![line("a".into(), 1, "1"), line("a".into(), 1, "1")]),
            Refused::DuplicateLine,
        ),
    ] {
        assert_eq!(evaluate(&order, &[], &context(&json!({}))), Err(why));
    }
    let twice = [candidate(&json!({})), candidate(&json!({}))];
    assert_eq!(
        evaluate(&tab(), &twice, &context(&json!({}))),
        Err(Refused::DuplicateCandidate)
    );
}

#[test]
fn the_largest_order_still_fits() {
    let tab = order(&json!({"taxMode": "EXCLUSIVE", "lines": [
        {"id": "a", "productId": "a", "unitPrice": 1_000_000_000_000_i64, "quantity": "50000", "rate": "100"},
        {"id": "b", "productId": "b", "unitPrice": 999_999_999_999_i64, "quantity": "50000", "rate": "99.999"},
    ]}));
    let asked = json!([
        {"id": "1", "discount": {"id": "1", "percent": "33.33", "isStackable": true}},
        {"id": "2", "discount": {"id": "2", "scope": "QUANTITY", "buyQuantity": 1, "getQuantity": 1, "isStackable": true}},
        {"id": "3", "origin": "POINTS", "points": {"points": i64::MAX, "value": "0.0001", "pointsMin": 0, "pointsAvailable": i64::MAX}},
    ]);
    let sale = priced(&tab, &asked, &json!({}));
    assert_eq!(sale.totals.subtotal, 99_999_999_999_950_000);
    assert!(sale.discounts.len() == 3 && sale.totals.total >= 0);
}

#[test]
fn points_are_explained_part_by_part() {
    let tab = order(&json!({"customer": {"groupIds": ["grp_1"]}, "lines": [
        {"id": "beer", "productId": "beer", "categoryId": "drinks", "unitPrice": 10_000, "quantity": "2"},
        {"id": "cake", "productId": "cake", "categoryId": "food", "unitPrice": 5_050},
        {"id": "card", "productId": "card", "unitPrice": 50_000, "isGiftCard": true},
    ]}));
    let sale = priced(&tab, &json!([]), &json!({}));
    let rule = |id: &str, kind: &str, more: Value| {
        let usual = json!({"id": id, "type": kind, "pointsPerUnit": null, "multiplier": null, "categoryIds": [],
                           "itemIds": [], "minPurchase": null, "isActive": true});
        merged(&usual, &more)
    };
    let promotion = |id: &str, more: Value| {
        let usual = json!({"id": id, "multiplier": null, "bonusPoints": null, "validFrom": null, "validUntil": null,
            "daysOfWeek": [], "timeFrom": null, "timeUntil": null, "targetCategoryIds": [], "targetItemIds": [],
            "customerGroupId": null, "segmentId": null, "pointsLeft": null, "isStackable": false, "isActive": true});
        merged(&usual, &more)
    };
    let two = |id: &str| promotion(id, json!({"multiplier": "2"}));
    for (program, spend, visit, bonus) in [
        (json!({}), 250, 5, 0),
        (json!({"pointsPerDollar": "0.5"}), 125, 5, 0),
        (
            json!({"rules": [rule("r", "SPEND", json!({"pointsPerUnit": "3", "itemIds": ["cake"]}))]}),
            351,
            5,
            0,
        ),
        (
            json!({"rules": [rule("r", "SPEND", json!({"pointsPerUnit": "3", "minPurchase": sek(25_051)}))]}),
            250,
            5,
            0,
        ),
        (
            json!({"rules": [rule("r", "VISIT", json!({"pointsPerUnit": "20"}))]}),
            250,
            20,
            0,
        ),
        (
            json!({"rules": [rule("r", "CATEGORY", json!({"multiplier": "1.5", "categoryIds": ["drinks"]})), rule("s", "ITEM", json!({"multiplier": "3", "itemIds": ["beer"]}))]}),
            650,
            5,
            0,
        ),
        (
            json!({"rules": [rule("r", "ITEM", json!({"pointsPerUnit": "7", "itemIds": ["beer"]}))]}),
            264,
            5,
            0,
        ),
        (json!({"promotions": [two("a"), two("b")]}), 501, 5, 0),
        (
            json!({"promotions": [promotion("a", json!({"multiplier": "2", "pointsLeft": 100}))]}),
            350,
            5,
            0,
        ),
        (
            json!({"promotions": [promotion("a", json!({"multiplier": "2", "isStackable": true})), promotion("b", json!({"bonusPoints": 40, "isStackable": true})), promotion("c", json!({"multiplier": "2.1"}))]}),
            501,
            5,
            40,
        ),
        (
            json!({"promotions": [promotion("a", json!({"multiplier": "2", "customerGroupId": "grp_2"}))]}),
            250,
            5,
            0,
        ),
        (
            json!({"promotions": [promotion("a", json!({"multiplier": "2", "timeFrom": "20:00"}))]}),
            250,
            5,
            0,
        ),
        (json!({"tierMultiplier": "1.25"}), 313, 5, 0),
    ] {
        let usual = json!({"pointsPerDollar": "1", "pointsPerVisit": "5", "earnBasis": "PRE_TAX", "rules": [],
                           "promotions": [], "tierMultiplier": null});
        let terms: Program = serde_json::from_value(merged(&usual, &program)).expect("a program");
        let moment = Moment::new(tab.opened_at, &TimeZone::UTC, TimeOfDay::FIVE);
        let customer = tab.customer.as_ref().expect("one is attached");
        let purchase = Purchase {
            evaluation: &sale,
            customer,
            moment,
            opens_visit: true,
        };
        let earned = earn(&purchase, &terms).expect("in bounds");
        assert_eq!(
            (earned.base, earned.spend_points),
            (25_050, spend),
            "{program}"
        );
        assert_eq!(
            (earned.visit_points, earned.bonus_points),
            (visit, bonus),
            "{program}"
        );
        assert!(!earned.parts.is_empty());
    }
}
