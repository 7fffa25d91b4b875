//! The worked examples of the specification, by their numbers: each file under `worked/` is one.
//! What a file leaves out has its usual value; what it expects is a part of the answer.

mod usual;

use engine::discount::Candidate;
use engine::money::cash_rounding;
use engine::order::Order;
use engine::points::{FromLot, Program, Purchase, Wallet, earn};
use engine::quote::{Context, Evaluation, Policy, evaluate};
use engine::refund::{Ask, Refunded, points_reversed, refund};
use engine::window::{Moment, TimeOfDay};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use usual::{candidate, merged, order};

macro_rules! examples {
    ($($test:ident $file:literal)*) => {$(
        #[test]
        fn $test() {
            run(include_str!(concat!("worked/", $file)));
        }
    )*};
}

examples! {
    n01_split "01_split.json"
    n02_everything "02_everything.json"
    n03_refund_one_of_two "03_refund_one_of_two.json"
    n04_bogo "04_bogo.json"
    n05_combo "05_combo.json"
    n06_fixed_and_tax_basis "06_fixed_and_tax_basis.json"
    n07_refunds_one_by_one "07_refunds_one_by_one.json"
    n08_lots "08_lots.json"
    n10_window "10_window.json"
    n12_plain_points "12_plain_points.json"
}

fn run(text: &str) {
    let file: Value = serde_json::from_str(text).expect("well formed");
    for case in file["cases"].as_array().into_iter().flatten() {
        let answer = answer(case);
        contains(
            &answer,
            &case["expect"],
            &format!("{}: {}", file["title"], case["name"]),
        );
    }
    if let Some(steps) = file["steps"].as_array() {
        walk_lots(steps);
    }
}

fn answer(case: &Value) -> Value {
    let order = order(&case["order"]);
    let candidates: Vec<Candidate> = case["candidates"]
        .as_array()
        .expect("a list")
        .iter()
        .map(candidate)
        .collect();
    let policy = merged(&json!(Policy::default()), &case["policy"]);
    let policy = serde_json::from_value(policy).expect("a policy");
    let zone = TimeZone::get("Europe/Stockholm").expect("bundled");
    let context = Context { policy, zone };
    let sale = evaluate(&order, &candidates, &context).expect("in bounds");
    let cash = cash_rounding(sale.totals.total, sale.currency).expect("in bounds");
    let programs = case["earn"].as_array().cloned().unwrap_or_default();
    let earned: Vec<_> = programs
        .iter()
        .map(|terms| earned(&sale, &order, terms, &context))
        .collect();
    let refunds = refunds(&sale, case, earned.first());
    json!({"evaluation": sale, "cash": cash, "earned": earned, "refunds": refunds})
}

fn earned(
    sale: &Evaluation,
    order: &Order,
    terms: &Value,
    context: &Context,
) -> engine::points::Earned {
    let promotion = |multiplier: &Value| {
        json!({
            "id": "prm_1", "multiplier": multiplier, "bonusPoints": null, "validFrom": null,
            "validUntil": null, "daysOfWeek": [], "timeFrom": null, "timeUntil": null,
            "targetCategoryIds": [], "targetItemIds": [], "customerGroupId": null, "segmentId": null,
            "pointsLeft": null, "isStackable": false, "isActive": true,
        })
    };
    let mut usual = json!({
        "pointsPerDollar": "1", "pointsPerVisit": "0", "earnBasis": "PRE_TAX", "rules": [],
        "promotions": [], "tierMultiplier": null,
    });
    usual = merged(&usual, terms);
    usual["promotions"] = usual["promotions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(promotion)
        .collect();
    let program: Program = serde_json::from_value(usual).expect("a program");
    let moment = Moment::new(order.opened_at, &context.zone, TimeOfDay::FIVE);
    let customer = order.customer.as_ref().expect("someone earns");
    earn(
        &Purchase {
            evaluation: sale,
            customer,
            moment,
            opens_visit: true,
        },
        &program,
    )
    .expect("in bounds")
}

fn refunds(sale: &Evaluation, case: &Value, earned: Option<&engine::points::Earned>) -> Vec<Value> {
    let mut so_far = Refunded::none(sale);
    let mut answers = Vec::new();
    for given in case["refunds"].as_array().into_iter().flatten() {
        let mut given = given.clone();
        for item in given["items"].as_array_mut().into_iter().flatten() {
            *item = merged(&json!({"quantity": null}), item);
        }
        if given["items"].is_null() {
            given.as_object_mut().expect("an object").remove("items");
        }
        let ask: Ask = serde_json::from_value(given).expect("an ask");
        let back = refund(sale, &so_far, &ask).expect("remains");
        let reversed = earned.map(|earned| {
            points_reversed(
                sale,
                &so_far,
                &back.so_far,
                earned,
                engine::points::EarnBasis::PreTax,
            )
        });
        so_far = back.so_far.clone();
        let mut answer = json!(back);
        answer["pointsReversed"] = json!(reversed);
        answers.push(answer);
    }
    answers
}

fn walk_lots(steps: &[Value]) {
    let mut wallet = Wallet::default();
    let mut taken: Vec<FromLot> = Vec::new();
    for step in steps {
        let at = |of: &str| {
            serde_json::from_value::<Timestamp>(step[of]["at"].clone()).expect("an instant")
        };
        let points = |of: &str| step[of]["points"].as_i64().expect("points");
        let lot = |of: &str| step[of]["lot"].as_str().expect("a lot").into();
        let moved = if step["earn"].is_object() {
            let expires_at =
                serde_json::from_value(step["earn"]["expiresAt"].clone()).expect("an instant");
            wallet.earn(lot("earn"), points("earn"), expires_at);
            points("earn")
        } else if step["redeem"].is_object() {
            taken = wallet
                .redeem(points("redeem"), at("redeem"))
                .expect("enough");
            -points("redeem")
        } else if step["expire"].is_object() {
            -wallet.expire(at("expire"))
        } else if step["reverse"].is_object() {
            -wallet.reverse(&lot("reverse"), points("reverse"))
        } else {
            wallet.restore(&taken, at("restore"), SignedDuration::from_hours(30 * 24))
        };
        let seen = json!({"moved": moved, "balance": wallet.balance(), "debt": wallet.debt});
        for name in ["moved", "balance", "debt"] {
            assert_eq!(seen[name], step[name], "{step}");
        }
    }
}

/// Whether all that is expected is in the answer; lists are as long as expected.
fn contains(answer: &Value, expected: &Value, place: &str) {
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => {
            for (name, value) in expected {
                contains(
                    answer.get(name).unwrap_or(&Value::Null),
                    value,
                    &format!("{place} / {name}"),
                );
            }
        }
        (Value::Array(answer), Value::Array(expected)) => {
            assert_eq!(answer.len(), expected.len(), "{place}: {answer:?}");
            for (number, (answer, expected)) in answer.iter().zip(expected).enumerate() {
                contains(answer, expected, &format!("{place} / {number}"));
            }
        }
        _ => assert_eq!(answer, expected, "{place}"),
    }
}
