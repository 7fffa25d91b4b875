//! The finished OpenAPI document: what the handlers say, and what is true of every operation.
//!
//! A handler names its path, its body and its answer. Who may call it, which refusals it can give, which
//! headers it takes and an example of each body follow from the access table, the codes and the schemas,
//! so they are added here, once, and cannot be forgotten.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use crate::app;
use crate::hall::access::{self, Rule, Who};
use crate::hall::call::{GUEST_COOKIE, STAFF_COOKIE};
use crate::hall::error::{Code, Error, Problem};
use crate::hall::id;
use crate::hall::room::RECENT_MAX;

const ABOUT: &str = "Regulars turns visitors into regulars: customers, discounts, points, orders and \
payments of venues and chains.\n\nMoney is an integer of the currency's minor units beside its ISO 4217 \
code; times are RFC 3339; ids carry a prefix and sort by time. Every refusal is a `Problem` (RFC 9457) \
whose `code` programs may test for and whose `detail` a person can act on. A `POST` may carry an \
`Idempotency-Key`: the same key and body give the stored answer, for 30 days.";

/// The refusals that an operation can give, by the code that stands for each status.
const REFUSALS: &[(Code, &str)] = &[
    (Code::Malformed, "The request could not be read."),
    (
        Code::Unauthenticated,
        "Nobody is signed in, or the key is not valid.",
    ),
    (
        Code::Forbidden,
        "The caller's rank or the key's scopes do not reach.",
    ),
    (
        Code::NotFound,
        "There is no such thing in the caller's chain.",
    ),
    (
        Code::Conflict,
        "The state is not what the caller thought; the answer says what it is.",
    ),
    (Code::Stale, "Somebody changed it since it was read."),
    (Code::TooLarge, "The body is too large."),
    (Code::WrongType, "The content type is not taken here."),
    (
        Code::Invalid,
        "Fields are wrong (`errors` names each), or a rule said no.",
    ),
    (
        Code::TooMany,
        "Too many requests; `Retry-After` says when to go on.",
    ),
    (
        Code::Bug,
        "Something is wrong on our side; nothing was kept.",
    ),
    (
        Code::Busy,
        "The server is busy; send the same request again after `Retry-After`.",
    ),
    (
        Code::Full,
        "The disk is full; nothing was kept, reading still works.",
    ),
];

static DOCUMENT: LazyLock<Json> = LazyLock::new(|| finish(described()));

/// The whole document.
pub fn document() -> &'static Json {
    &DOCUMENT
}

fn described() -> Json {
    serde_json::to_value(app::described()).unwrap_or_default()
}

fn finish(mut document: Json) -> Json {
    document["info"] = json!({
        "title": "Regulars",
        "version": env!("CARGO_PKG_VERSION"),
        "description": ABOUT,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    });
    document["servers"] = json!([{"url": "/"}]);
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer",
            "description": "An API key (`sk_…`), a device's token, or a session's token."},
        "staffCookie": {"type": "apiKey", "in": "cookie", "name": STAFF_COOKIE},
        "guestCookie": {"type": "apiKey", "in": "cookie", "name": GUEST_COOKIE},
    });
    document["components"]["responses"] = refusals();
    document["components"]["parameters"] = parameters();
    document["components"]["headers"] = json!({
        "RequestId": {"description": "The id of this request, as it stands in logs and in the audit trail.",
            "schema": {"type": "string"}, "example": "req_01kab4bqf8e1ftz0c6hqp2v9xw"},
        "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer"}, "example": 1},
        "RateLimitPolicy": {"description": "How often an address may ask: the limit's name, how many at once (`q`), \
            and in how many seconds all of them come back (`w`).",
            "schema": {"type": "string"}, "example": "\"coupon-tries\";q=10;w=60"},
        "RateLimit": {"description": "What the calling address has left: the limit's name, how many (`r`), and in \
            how many seconds all of them are back (`t`).",
            "schema": {"type": "string"}, "example": "\"coupon-tries\";r=9;t=6"},
    });
    // An id that stands only in paths is not found by walking bodies and answers.
    for (name, schema) in id::schemas() {
        if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
            schemas.entry(name).or_insert_with(|| json!(schema));
        }
    }
    document["components"]["schemas"]["Customer"]["properties"]["recent"] = recent_of_customer();
    document["components"]["schemas"]["Customer"]["properties"]["progress"] =
        progress_of_customer();
    let schemas = document["components"]["schemas"].clone();
    let mut tags = Vec::new();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            let Some(operations) = item.as_object_mut() else {
                continue;
            };
            for (method, operation) in operations.iter_mut().filter(|(_, body)| body.is_object()) {
                let rule = access::find(&method.to_uppercase(), path);
                operate(operation, &Place { method, path, rule }, &schemas);
                tags.push(operation["tags"][0].clone());
            }
        }
    }
    tags.sort_by_key(ToString::to_string);
    tags.dedup();
    document["tags"] = tags.into_iter().map(|name| json!({"name": name})).collect();
    document
}

/// What the rooms show of a customer on their page; the room of customers does not know them.
fn recent_of_customer() -> Json {
    let lists = app::RECENT_OF_CUSTOMER.iter().map(|of_room| {
        let row = format!("#/components/schemas/{}", (of_room.row)());
        let list = json!({"type": "array", "maxItems": RECENT_MAX, "items": {"$ref": row}});
        (of_room.name.to_owned(), list)
    });
    // Rows have their examples where they are listed.
    let none = app::RECENT_OF_CUSTOMER.iter();
    let none = none.map(|of_room| (of_room.name.to_owned(), json!([])));
    json!({
        "type": "object",
        "description": "The newest of what else there is of them, newest first, where one customer is shown. \
            A key with scopes is shown what they reach.",
        "properties": Json::Object(lists.collect()),
        "example": Json::Object(none.collect()),
    })
}

/// Likewise how far they are.
fn progress_of_customer() -> Json {
    let all = app::PROGRESS_OF_CUSTOMER.iter().map(|of_room| {
        let shape = format!("#/components/schemas/{}", (of_room.shape)());
        (of_room.name.to_owned(), json!({"$ref": shape}))
    });
    json!({
        "type": "object",
        "description": "How far they are, where one customer is shown. A key with scopes is shown what they reach.",
        "properties": Json::Object(all.collect()),
        "example": {},
    })
}

fn refusals() -> Json {
    let named = REFUSALS.iter().map(|(code, about)| {
        let example = problem_of(*code).problem("req_01kab4bqf8e1ftz0c6hqp2v9xw");
        (name_of(*code), refusal(about, *code, &example))
    });
    Json::Object(named.collect())
}

fn refusal(about: &str, code: Code, example: &Problem) -> Json {
    let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/RequestId"}});
    if matches!(code, Code::TooMany | Code::Busy | Code::Full) {
        headers["Retry-After"] = json!({"$ref": "#/components/headers/RetryAfter"});
    }
    if code == Code::TooMany {
        tell_what_is_left(&mut headers);
    }
    json!({
        "description": about,
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": example,
        }},
    })
}

fn tell_what_is_left(headers: &mut Json) {
    headers["RateLimit-Policy"] = json!({"$ref": "#/components/headers/RateLimitPolicy"});
    headers["RateLimit"] = json!({"$ref": "#/components/headers/RateLimit"});
}

/// An error of this code, as the server would make it.
fn problem_of(code: Code) -> Error {
    use crate::hall::access::Role;
    use crate::hall::error::Extra;
    use std::time::Duration;
    match code {
        Code::Malformed => Error::Malformed("Line 1, column 14: expected `,` or `}`.".into()),
        Code::Forbidden => Error::Forbidden(Role::Manager),
        Code::NotFound => Error::NotFound("customer"),
        Code::TooLarge => Error::TooLarge(1 << 20),
        Code::Invalid => Error::field("/name", "missing", "Send a name."),
        Code::Unauthenticated => Error::Unauthenticated(code),
        Code::Stale => Error::Stale,
        Code::WrongType => Error::WrongType,
        Code::TooMany => Error::TooMany(Duration::from_secs(1)),
        Code::Busy => Error::Busy(Duration::from_secs(1)),
        Code::Full => Error::Full,
        Code::Bug => Error::bug("an example"),
        other => Error::Conflict(other, Extra::none()),
    }
}

/// As the response is called among the components.
fn name_of(code: Code) -> String {
    let mut name: String = camel(code.word());
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

fn parameters() -> Json {
    let key = |required: bool| {
        json!({
            "name": "Idempotency-Key", "in": "header", "required": required,
            "description": "A new random value for each new act, the same one when it is sent again: it then \
                takes effect once.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": "b51f6f0e-2c7b-4f7e-9a51-1f7d0c3f8e11",
        })
    };
    json!({
        "IdempotencyKey": key(false),
        "IdempotencyKeyRequired": key(true),
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": false,
            "description": "The `ETag` of the version that the edit was made from; 412 if it is no longer the newest.",
            "schema": {"type": "string"}, "example": "\"v3\"",
        },
        "RequestId": {
            "name": "X-Request-Id", "in": "header", "required": false,
            "description": "An id of your own for this request; without it one is made.",
            "schema": {"type": "string", "maxLength": 64}, "example": "till-7-000042",
        },
    })
}

struct Place<'a> {
    method: &'a str,
    path: &'a str,
    rule: Option<&'static Rule>,
}

impl Place<'_> {
    fn is_unsafe(&self) -> bool {
        !matches!(self.method, "get" | "head")
    }

    /// Of something that has versions. Whether a guest is on the leaderboards has none: the last word counts.
    fn is_edit(&self) -> bool {
        matches!(self.method, "put" | "patch" | "delete") && !self.path.starts_with("/api/v1/me/")
    }

    fn is_limited(&self) -> bool {
        self.rule.is_some_and(|rule| rule.limited)
    }

    fn is_public(&self) -> bool {
        self.rule.is_none_or(|rule| rule.who == Who::Public)
    }

    /// What belongs to machines: no key, no If-Match, no refusals but the plainest.
    fn is_operational(&self) -> bool {
        !self.path.starts_with("/api/v1/")
    }
}

fn operate(operation: &mut Json, place: &Place<'_>, schemas: &Json) {
    name(operation);
    allow(operation, place);
    take_headers(operation, place);
    exemplify(operation, schemas);
    if place.is_limited() {
        limit(operation);
    }
    refuse(operation, place);
}

/// `list_runs` of the room `jobs` is `jobsListRuns`, `list_jobs` is `listJobs`: each name is there once.
fn name(operation: &mut Json) {
    let tag = operation["tags"][0].as_str().unwrap_or_default().to_owned();
    let given = operation["operationId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let singular = tag.strip_suffix('s').unwrap_or(&tag);
    let name = if given.contains(singular) {
        given
    } else {
        format!("{tag}_{given}")
    };
    operation["operationId"] = camel(&name).into();
}

fn camel(words: &str) -> String {
    let mut parts = words.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(part.len().min(1));
        name.push_str(&first.to_uppercase());
        name.push_str(rest);
    }
    name
}

fn allow(operation: &mut Json, place: &Place<'_>) {
    let Some(rule) = place.rule else { return };
    let (security, who) = match rule.who {
        Who::Public => (json!([]), "Anybody may call it.".to_owned()),
        Who::Guest => (
            json!([{"bearer": []}, {"guestCookie": []}]),
            "For the signed-in customer.".to_owned(),
        ),
        Who::AnyStaff => (
            staff(),
            format!("For any staff of the chain{}.", scope(rule)),
        ),
        Who::Rank(role) => {
            let of = if place.path.contains("{venueId}") {
                "in the venue"
            } else {
                "in the whole chain"
            };
            (
                staff(),
                format!("Needs the role `{}` {of}{}.", role.word(), scope(rule)),
            )
        }
    };
    operation["security"] = security;
    let said = operation["description"]
        .as_str()
        .filter(|text| !text.is_empty());
    operation["description"] = said
        .map_or_else(|| who.clone(), |text| format!("{text}\n\n{who}"))
        .into();
}

/// Every answer of a limited operation says what is left, also the good ones.
fn limit(operation: &mut Json) {
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (_, response) in responses {
        tell_what_is_left(&mut response["headers"]);
    }
}

fn staff() -> Json {
    json!([{"bearer": []}, {"staffCookie": []}])
}

fn scope(rule: &Rule) -> String {
    if rule.scope.is_empty() {
        String::new()
    } else {
        format!("; a key with scopes needs `{}`", rule.scope)
    }
}

fn take_headers(operation: &mut Json, place: &Place<'_>) {
    if place.is_operational() {
        return;
    }
    let mut headers = Vec::new();
    if place.method == "post" {
        let keyed = place.rule.is_some_and(|rule| rule.keyed);
        headers.push(if keyed {
            "IdempotencyKeyRequired"
        } else {
            "IdempotencyKey"
        });
    }
    if place.is_edit() {
        headers.push("IfMatch");
    }
    headers.push("RequestId");
    let refs = headers
        .into_iter()
        .map(|name| json!({"$ref": format!("#/components/parameters/{name}")}));
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.extend(refs),
        None => operation["parameters"] = refs.collect(),
    }
}

/// Gives each JSON body that has none an example, made from its schema.
fn exemplify(operation: &mut Json, schemas: &Json) {
    if let Some(content) = operation.pointer_mut("/requestBody/content") {
        exemplify_content(content, schemas);
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (_, response) in responses {
        if response.get("$ref").is_some() {
            continue;
        }
        response["headers"]["X-Request-Id"] = json!({"$ref": "#/components/headers/RequestId"});
        if let Some(content) = response.get_mut("content") {
            exemplify_content(content, schemas);
        }
    }
}

fn exemplify_content(content: &mut Json, schemas: &Json) {
    let Some(kinds) = content.as_object_mut() else {
        return;
    };
    for (_, kind) in kinds {
        if kind.get("example").is_none() && kind.get("examples").is_none() {
            let example = example(&kind["schema"], schemas, 0);
            kind["example"] = example;
        }
    }
}

/// Deeper than this a schema refers to itself.
const DEPTH_MAX: usize = 12;

/// A value of the schema, from the examples of its parts.
fn example(schema: &Json, schemas: &Json, depth: usize) -> Json {
    if depth > DEPTH_MAX {
        return Json::Null;
    }
    if let Some(given) = schema
        .get("example")
        .or_else(|| schema.pointer("/examples/0"))
    {
        return given.clone();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return example(&schemas[name], schemas, depth + 1);
    }
    if let Some(first) = schema
        .pointer("/enum/0")
        .or_else(|| schema.get("const"))
        .or_else(|| schema.get("default"))
    {
        return first.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        let choices = schema[choice]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if let Some(one) = choices.iter().find(|one| one["type"] != "null") {
            return example(one, schemas, depth + 1);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            if let Json::Object(fields) = example(part, schemas, depth + 1) {
                whole.extend(fields);
            }
        }
        return Json::Object(whole);
    }
    plain(schema, schemas, depth)
}

fn plain(schema: &Json, schemas: &Json, depth: usize) -> Json {
    let kind = match &schema["type"] {
        Json::Array(kinds) => kinds
            .iter()
            .find(|kind| *kind != "null")
            .and_then(Json::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("array") => json!([example(&schema["items"], schemas, depth + 1)]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("boolean") => true.into(),
        Some("string") => match schema["format"].as_str() {
            Some("date-time") => "2026-06-12T10:00:00Z".into(),
            Some("date") => "2026-06-12".into(),
            Some("password") => "correct horse battery staple".into(),
            _ => "text".into(),
        },
        Some("object") => {
            let fields = schema["properties"].as_object();
            let fields = fields.into_iter().flatten();
            Json::Object(
                fields
                    .map(|(name, field)| (name.clone(), example(field, schemas, depth + 1)))
                    .collect(),
            )
        }
        _ => json!({}),
    }
}

/// The refusals that follow from the method, the rule and the body; what a handler said itself stays.
fn refuse(operation: &mut Json, place: &Place<'_>) {
    if place.is_operational() {
        return;
    }
    let has_body = operation.get("requestBody").is_some();
    let parameters = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let has_query = parameters
        .iter()
        .any(|parameter| parameter["in"] == "query");
    let applies = |code: Code| match code {
        Code::Malformed => has_body || has_query || place.method == "post",
        Code::Unauthenticated | Code::Forbidden => !place.is_public(),
        Code::NotFound => place.path.contains('{'),
        Code::Conflict | Code::Full => place.is_unsafe(),
        Code::Stale => place.is_edit(),
        Code::TooLarge | Code::WrongType => has_body,
        Code::Invalid => has_body || has_query || place.is_unsafe(),
        Code::TooMany => place.is_limited(),
        _ => true,
    };
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (code, _) in REFUSALS.iter().filter(|(code, _)| applies(*code)) {
        let reference = json!({"$ref": format!("#/components/responses/{}", name_of(*code))});
        responses
            .entry(code.status().to_string())
            .or_insert(reference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_what_a_stranger_needs() {
        let mut names = std::collections::HashSet::new();
        let paths = document()["paths"].as_object().unwrap();
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                let at = format!("{method} {path}");
                assert!(
                    operation["summary"]
                        .as_str()
                        .is_some_and(|text| text.len() > 3),
                    "{at} has no summary"
                );
                assert!(
                    names.insert(operation["operationId"].clone()),
                    "{at}: {} is taken",
                    operation["operationId"]
                );
                assert!(
                    access::find(&method.to_uppercase(), path).is_some(),
                    "{at} is not in the access table"
                );
                let content = operation
                    .pointer("/requestBody/content")
                    .and_then(Json::as_object);
                for (kind, body) in content.into_iter().flatten() {
                    assert!(
                        !body["example"].is_null() || !body["examples"].is_null(),
                        "{at} {kind} has no example"
                    );
                }
            }
        }
        assert!(paths.len() > 5);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn look(value: &Json, document: &Json) {
            match value {
                Json::Object(fields) => {
                    if let Some(reference) = fields.get("$ref").and_then(Json::as_str) {
                        assert!(
                            document.pointer(&reference[1..]).is_some(),
                            "{reference} leads nowhere"
                        );
                    }
                    fields.values().for_each(|field| look(field, document));
                }
                Json::Array(items) => items.iter().for_each(|item| look(item, document)),
                _ => {}
            }
        }
        look(document(), document());
    }

    #[test]
    fn an_operation_says_who_may_call_it_and_how_it_is_refused() {
        let run = &document()["paths"]["/api/v1/chain/jobs/{name}/run"]["post"];
        assert_eq!(run["operationId"], "runJob");
        assert!(
            run["description"]
                .as_str()
                .unwrap()
                .contains("`MANAGER` in the whole chain")
        );
        for status in [
            "201", "400", "401", "403", "404", "409", "422", "500", "503", "507",
        ] {
            assert!(
                run["responses"].get(status).is_some(),
                "{status} is missing"
            );
        }
        assert!(run["responses"].get("412").is_none());
        let names: Vec<&Json> = run["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["$ref"])
            .collect();
        assert!(names.contains(&&json!("#/components/parameters/IdempotencyKey")));
    }
}
