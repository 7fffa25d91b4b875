//! The engine against a second opinion: `model/model.py` prices random orders with exact fractions, and
//! every amount must agree to the minor unit. `ENGINE_MODEL_ORDERS` and `ENGINE_MODEL_SEED` choose how
//! many and which; a full run compares 10,000.

mod usual;

use std::process::Command;

use engine::quote::{Context, Policy, evaluate};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use usual::{candidate, merged, order};

fn setting(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}

#[test]
fn every_amount_agrees_with_the_model() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/model/model.py");
    let count = setting("ENGINE_MODEL_ORDERS", "500");
    let seed = setting("ENGINE_MODEL_SEED", "1");
    let run = Command::new("python3")
        .arg(script)
        .args([&count, &seed])
        .output()
        .expect("python3 runs");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let zone = TimeZone::get("Europe/Stockholm").expect("bundled");
    let mut compared = 0;
    for line in String::from_utf8(run.stdout).expect("text").lines() {
        let case: Value = serde_json::from_str(line).expect("well formed");
        let policy = merged(&json!(Policy::default()), &case["policy"]);
        let context = Context {
            policy: serde_json::from_value(policy).expect("a policy"),
            zone: zone.clone(),
        };
        let candidates: Vec<_> = case["candidates"]
            .as_array()
            .expect("a list")
            .iter()
            .map(candidate)
            .collect();
        let priced = evaluate(&order(&case["order"]), &candidates, &context).expect("in bounds");
        agree(&json!(priced), &case["expect"], line);
        compared += 1;
    }
    assert_eq!(compared.to_string(), count);
}

/// Every figure that the model gives is the engine's.
fn agree(ours: &Value, theirs: &Value, case: &str) {
    match theirs {
        Value::Object(fields) => {
            for (name, value) in fields {
                agree(&ours[name], value, case);
            }
        }
        Value::Array(rows) => {
            assert_eq!(
                ours.as_array().map(Vec::len),
                Some(rows.len()),
                "{ours}\n{theirs}\n{case}"
            );
            for (place, row) in rows.iter().enumerate() {
                agree(&ours[place], row, case);
            }
        }
        _ => assert_eq!(ours, theirs, "{case}"),
    }
}
