//! Orders and candidates written down in short: what is left out has its usual value.

use engine::discount::{Candidate, Discount, Origin, Scope, Type};
use engine::order::{Customer, Line, Order};
use jiff::Timestamp;
use serde_json::{Value, json};

pub fn order(given: &Value) -> Order {
    let usual = json!({
        "id": "ord_1", "currency": "SEK", "taxMode": "INCLUSIVE", "openedAt": "2026-06-05T10:00:00Z",
        "customer": null, "lines": [],
    });
    let mut whole = merged(&usual, given);
    if !whole["customer"].is_null() {
        let usual = Customer {
            id: "cus_1".into(),
            group_ids: vec![],
            segment_ids: vec![],
            purchases: 0,
        };
        whole["customer"] = merged(&json!(usual), &whole["customer"]);
    }
    let at: Timestamp = serde_json::from_value(whole["openedAt"].clone()).expect("an instant");
    let lines = given["lines"].as_array().expect("a list").iter();
    whole["lines"] = lines
        .map(|line| merged(&json!(Line::new("", "", 0, at)), line))
        .collect();
    serde_json::from_value(whole).expect("an order")
}

pub fn candidate(given: &Value) -> Candidate {
    let kind = if given["origin"] == "POINTS" {
        Type::Points
    } else {
        Type::Percentage
    };
    let rule = Discount::new("dis_1", kind, Scope::Order);
    let usual = Candidate::new("can_1", Origin::Automatic, rule);
    serde_json::from_value(merged(&json!(usual), given)).expect("a candidate")
}

/// `given` over `usual`, objects field by field.
pub fn merged(usual: &Value, given: &Value) -> Value {
    match (usual, given) {
        (usual, Value::Null) => usual.clone(),
        (Value::Object(usual), Value::Object(given)) => {
            let mut whole = usual.clone();
            for (name, value) in given {
                let merged = merged(usual.get(name).unwrap_or(&Value::Null), value);
                whole.insert(name.clone(), merged);
            }
            Value::Object(whole)
        }
        _ => given.clone(),
    }
}
