//! The API as strangers read it: described whole, strict about bodies, and the same as what was committed.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::Value as Json;
use server::hall::access::{self, Rule, Who};
use server::hall::testing::{Store, TestApp};
use server::openapi::document;

use super::sources::root;

/// Takes the description as it is now: `REGULARS_ACCEPT=1 cargo test -p server --features testing --test whole openapi`.
const ACCEPT: &str = "REGULARS_ACCEPT";

/// Method, path and description of each operation.
pub fn operations() -> Vec<(String, String, &'static Json)> {
    let paths = document()["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("an item") {
            all.push((method.to_uppercase(), path.clone(), operation));
        }
    }
    all
}

/// The schema that a `$ref` leads to, or the schema itself.
pub fn resolved(schema: &Json) -> &Json {
    match schema["$ref"].as_str() {
        Some(reference) => document()
            .pointer(&reference[1..])
            .expect("a reference that leads somewhere"),
        None => schema,
    }
}

#[test]
fn the_description_is_the_one_that_was_committed() {
    let path = root().join("server/openapi.json");
    let now = format!(
        "{}\n",
        serde_json::to_string_pretty(document()).expect("JSON")
    );
    if std::env::var_os(ACCEPT).is_some() {
        std::fs::write(&path, now).expect("the description is written");
        return;
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    if before == now {
        return;
    }
    let before: Json = serde_json::from_str(&before).unwrap_or_default();
    let mut differs = Vec::new();
    for part in ["/paths", "/components/schemas"] {
        let empty = serde_json::Map::new();
        let was = before
            .pointer(part)
            .and_then(Json::as_object)
            .unwrap_or(&empty);
        let is = document()
            .pointer(part)
            .and_then(Json::as_object)
            .unwrap_or(&empty);
        let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        differs.extend(
            names
                .into_iter()
                .filter(|name| was.get(*name) != is.get(*name))
                .map(|name| format!("{part}/{name}")),
        );
    }
    panic!(
        "the API changed, and with it the web app's and every other client. If that is meant, run\n  \
         {ACCEPT}=1 cargo test -p server --features testing --test whole openapi\nand commit \
         server/openapi.json.\n  {}",
        differs.join("\n  ")
    );
}

#[test]
fn it_is_openapi_3_1() {
    assert!(
        document()["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1"))
    );
    for field in ["title", "version", "description"] {
        assert!(document()["info"][field].is_string(), "info has no {field}");
    }
}

#[test]
fn each_operation_is_told_whole() {
    let (mut broken, mut names) = (Vec::new(), BTreeMap::new());
    for (method, path, operation) in operations() {
        let at = format!("{method} {path}");
        let mut lacks = |what: &str| broken.push(format!("{at}: {what}"));
        let summary = operation["summary"].as_str().unwrap_or_default();
        if !(4..=80).contains(&summary.chars().count()) || summary.ends_with('.') {
            lacks("its summary is one short line without a full stop");
        }
        let id = operation["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if let Some(other) = names.insert(id.clone(), at.clone()) {
            lacks(&format!("the operationId {id} is also {other}'s"));
        }
        if operation["tags"].as_array().map(Vec::len) != Some(1) {
            lacks("it has one tag, its room");
        }
        for name in path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
        {
            let all = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let found = all
                .iter()
                .find(|parameter| parameter["name"] == name && parameter["in"] == "path");
            if found.is_none_or(|parameter| parameter["schema"].is_null()) {
                lacks(&format!("{{{name}}} has no schema"));
            }
        }
        let body = operation
            .pointer("/requestBody/content")
            .and_then(Json::as_object);
        for (kind, body) in body.into_iter().flatten() {
            if body["example"].is_null() && body["examples"].is_null() {
                lacks(&format!("its body ({kind}) has no example"));
            }
        }
        for lack in answers_lack(&method, &path, operation) {
            lacks(&lack);
        }
    }
    assert!(
        broken.is_empty(),
        "a stranger must be able to call it from its description alone\n  {}",
        broken.join("\n  ")
    );
}

/// What is missing in the answers: an example of each body, and the refusals that the route can give.
fn answers_lack(method: &str, path: &str, operation: &Json) -> Vec<String> {
    let mut lacks = Vec::new();
    let Some(answers) = operation["responses"].as_object() else {
        return vec!["it has no answers".into()];
    };
    if !answers
        .keys()
        .any(|status| status.starts_with('2') || status.starts_with('3'))
    {
        lacks.push("it never succeeds".into());
    }
    for (status, answer) in answers.iter().filter(|(status, _)| status.starts_with('2')) {
        let content = answer["content"].get("application/json");
        if content
            .is_some_and(|content| content["example"].is_null() && content["examples"].is_null())
        {
            lacks.push(format!("its answer {status} has no example"));
        }
    }
    let Some(rule) = access::find(method, path).filter(|_| path.starts_with("/api/v1/")) else {
        return lacks;
    };
    let mut needs = vec!["500", "503"];
    if rule.who != Who::Public {
        needs.extend(["401", "403"]);
    }
    if path.contains('{') {
        needs.push("404");
    }
    if operation.get("requestBody").is_some() {
        needs.extend(["400", "413", "415", "422"]);
    }
    // What guests say of themselves has no versions.
    if ["PUT", "PATCH"].contains(&method) && !path.starts_with("/api/v1/me/") {
        needs.push("412");
    }
    let missing = needs
        .into_iter()
        .filter(|status| !answers.contains_key(*status));
    lacks.extend(missing.map(|status| format!("it does not say how it answers {status}")));
    lacks
}

#[test]
fn bodies_are_strict_in_the_description_too() {
    let (mut seen, mut broken) = (BTreeSet::new(), Vec::new());
    for (method, path, operation) in operations() {
        let body = operation.pointer("/requestBody/content/application~1json/schema");
        if let Some(schema) = body {
            strict(schema, &format!("{method} {path}"), &mut seen, &mut broken);
        }
    }
    assert!(seen.len() > 3, "no bodies were found");
    assert!(
        broken.is_empty(),
        "an unknown field is refused, so the description says `additionalProperties: false` \
         (`deny_unknown_fields` on the command)\n  {}",
        broken.join("\n  ")
    );
}

fn strict(schema: &Json, at: &str, seen: &mut BTreeSet<String>, broken: &mut Vec<String>) {
    let name = schema["$ref"]
        .as_str()
        .map_or_else(|| at.to_owned(), str::to_owned);
    if schema["$ref"].is_string() && !seen.insert(name.clone()) {
        return;
    }
    let schema = resolved(schema);
    if let Some(fields) = schema["properties"].as_object() {
        if schema["additionalProperties"] != Json::Bool(false) {
            broken.push(format!("{name} (from {at})"));
        }
        fields
            .values()
            .for_each(|field| strict(field, at, seen, broken));
    }
    for list in ["oneOf", "anyOf", "allOf"] {
        let choices = schema[list].as_array().into_iter().flatten();
        choices.for_each(|choice| strict(choice, at, seen, broken));
    }
    if schema["items"].is_object() {
        strict(&schema["items"], at, seen, broken);
    }
}

/// Who is limited is told so by the description and by each answer, and nobody else is.
#[tokio::test]
async fn what_is_limited_says_so() {
    let app = TestApp::new(Store::Sqlite).await;
    let public = |rule: &&Rule| rule.who == Who::Public && rule.method == "POST";
    let (mut limited, mut wrong) = (0, Vec::new());
    for rule in access::TABLE.iter().filter(public) {
        let (_, path, operation) = operations()
            .into_iter()
            .find(|(method, path, _)| method == rule.method && path == rule.path)
            .expect("the table and the description agree");
        let body = operation["requestBody"]["content"]["application/json"]["example"].clone();
        let path = path.replace("{venueSlug}", "harbour");
        let stranger = app.nobody().at_address("203.0.113.9");
        let chain = [("x-regulars-tenant", "test")];
        let said = stranger.send(Method::POST, &path, Some(body), &chain).await;
        let told = ["ratelimit", "ratelimit-policy"].map(|name| said.header(name).is_some());
        let answers = operation["responses"].as_object().expect("answers");
        let described = answers.get("429").is_some();
        let good = answers.iter().filter(|(status, _)| status.starts_with('2'));
        let described_whole = good
            .map(|(_, answer)| &answer["headers"])
            .all(|headers| headers["RateLimit"].is_object() == described);
        if told != [rule.limited; 2] || described != rule.limited || !described_whole {
            wrong.push(format!(
                "{path}: {told:?} {described} {described_whole} {}",
                said.status
            ));
        }
        limited += u32::from(rule.limited);
    }
    assert_eq!((limited, wrong), (4, Vec::<String>::new()));
}
