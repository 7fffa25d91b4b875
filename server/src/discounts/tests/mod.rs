mod audience;
mod chain;
mod dashboard;
mod fields;
mod remembered;
mod versions;

use serde_json::{Value as Json, json};

/// The least that publishes a discount.
fn afterwork() -> Json {
    json!({"name": "Afterwork", "type": "PERCENTAGE", "scope": "ORDER", "percent": "10", "isAutomatic": true})
}

/// As [`afterwork`], with one field set.
fn with(name: &str, value: Json) -> Json {
    let mut body = afterwork();
    body[name] = value;
    body
}
