//! Every operation × every kind of caller, against the one table of who may what.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value as Json, json};
use server::both_stores;
use server::catalogue::{self, EditCategory, EditModifierGroup, EditProduct};
use server::customers::{self, EditCustomer};
use server::discounts::{self, EditDiscount};
use server::hall::access::{self, Role, Rule, Who};
use server::hall::error::{Error, Result};
use server::hall::id::{StaffId, TenantId, VenueId};
use server::hall::identity;
use server::hall::journal::By;
use server::hall::store::{Scope, Tx};
use server::hall::testing::{Persona, Said, TestApp, venue};
use server::loyalty;
use server::platform::sessions::{self, Whose};
use server::platform::tax::{self, EditTaxClass};
use server::platform::{chain, keys, staff};

use super::openapi::{operations, resolved};

/// How a call must end, as far as who is calling decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Nobody we know.
    Unauthenticated,
    /// Known, and not of the rank; or a key without the scope.
    Forbidden,
    /// Another chain's venue is not there.
    NotFound,
    /// Whatever the request itself deserves.
    Otherwise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    Customer,
    OtherOwner,
    StaffElsewhere,
    KeyWithoutScope,
    Staff,
    Manager,
    Owner,
}

/// What the key with one scope may do, which is almost nothing.
const ANOTHER_SCOPE: &str = "jobs:write";

const CALLERS: [Caller; 8] = [
    Caller::Nobody,
    Caller::Customer,
    Caller::OtherOwner,
    Caller::StaffElsewhere,
    Caller::KeyWithoutScope,
    Caller::Staff,
    Caller::Manager,
    Caller::Owner,
];

/// What the table says, read by a person and not by the server's own code.
fn expected(rule: &Rule, caller: Caller) -> Ends {
    use Caller as C;
    let in_venue = rule.path.contains("{venueId}");
    match (rule.who, caller) {
        (Who::Public, _) | (Who::Guest, C::Customer) => Ends::Otherwise,
        (Who::Guest, _) | (_, C::Nobody | C::Customer) => Ends::Unauthenticated,
        (_, C::OtherOwner) if in_venue => Ends::NotFound,
        (_, C::KeyWithoutScope) if rule.scope != ANOTHER_SCOPE => Ends::Forbidden,
        (Who::AnyStaff, _) | (_, C::Owner | C::OtherOwner | C::KeyWithoutScope) => Ends::Otherwise,
        // Their one venue is another, and they have no rank in the whole chain.
        (Who::Rank(_), C::StaffElsewhere) => Ends::Forbidden,
        (Who::Rank(needed), C::Staff) if needed > Role::Staff => Ends::Forbidden,
        (Who::Rank(needed), C::Manager) if needed > Role::Manager => Ends::Forbidden,
        (Who::Rank(_), _) => Ends::Otherwise,
    }
}

fn ended(said: &Said) -> Ends {
    match (
        said.status.as_u16(),
        said.json["code"].as_str().unwrap_or_default(),
    ) {
        (401, "unauthenticated") => Ends::Unauthenticated,
        (403, "forbidden" | "scope_missing") => Ends::Forbidden,
        (404, _) => Ends::NotFound,
        _ => Ends::Otherwise,
    }
}

#[test]
fn every_route_has_a_rule_and_every_rule_a_route() {
    let described: Vec<(String, String)> = operations()
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let without_rule: Vec<_> = described
        .iter()
        .filter(|(method, path)| access::find(method, path).is_none())
        .collect();
    assert!(
        without_rule.is_empty(),
        "a route without a line in hall/access.rs is closed to all: {without_rule:?}"
    );
    let without_route: Vec<_> = access::TABLE
        .iter()
        .filter(|rule| !described.contains(&(rule.method.to_owned(), rule.path.to_owned())))
        .map(|rule| format!("{} {}", rule.method, rule.path))
        .collect();
    assert!(
        without_route.is_empty(),
        "a rule that no route has is a mistake in its path: {without_route:?}"
    );
    let mut seen = std::collections::BTreeSet::new();
    for rule in access::TABLE {
        assert!(
            seen.insert((rule.method, rule.path)),
            "{} {} is there twice",
            rule.method,
            rule.path
        );
        let needs_scope = matches!(rule.who, Who::Rank(_)) && rule.method != "GET";
        assert!(
            !needs_scope || rule.scope.is_empty() || rule.scope.contains(':'),
            "{} {}",
            rule.method,
            rule.path
        );
    }
}

/// An id of the kind that the parameter says, which is nobody's.
fn random_id(schema: &Json) -> String {
    let pattern = resolved(schema)["pattern"].as_str().unwrap_or_default();
    match pattern.trim_start_matches('^').split_once('_') {
        Some((prefix, _)) => format!("{prefix}_7fffffffffffffffffffffffff"),
        None => "unknown".into(),
    }
}

/// The path with an id for each placeholder: of `ids` by prefix, or one that is nobody's.
fn filled(path: &str, operation: &Json, ids: &BTreeMap<String, String>) -> (String, bool) {
    let (mut whole, mut is_known) = (path.to_owned(), false);
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "path" {
            let name = parameter["name"].as_str().unwrap_or_default();
            let random = random_id(&parameter["schema"]);
            // Some lists take `all` for a venue, so their parameter is no id.
            let of_venue = name == "venueId";
            let prefix = random.split('_').next().unwrap_or_default();
            let prefix = if of_venue { "ven" } else { prefix };
            let known = ids.get(prefix);
            is_known |= known.is_some() && !of_venue;
            whole = whole.replace(&format!("{{{name}}}"), known.unwrap_or(&random));
        }
    }
    (whole, is_known)
}

/// Sends the operation's own example, or with `spoilt` a body that no handler takes: who may call is decided
/// before the body is read, and nothing must happen while only that is asked.
async fn send(who: &Persona<'_>, method: &str, path: &str, operation: &Json, spoilt: bool) -> Said {
    let method: Method = method.parse().expect("a method");
    let content = operation
        .pointer("/requestBody/content")
        .and_then(Json::as_object);
    let kind = content.and_then(|content| content.iter().next());
    let key = [("idempotency-key", "one-and-the-same")];
    match kind {
        Some(_) if spoilt => {
            who.send_bytes(method, path, Some(b"{".to_vec()), &key)
                .await
        }
        Some((kind, body)) if kind == "application/json" => {
            who.send(method, path, Some(body["example"].clone()), &key)
                .await
        }
        _ => who.send(method, path, None, &key).await,
    }
}

/// A manager of a venue that is not the first.
async fn manager_elsewhere(app: &TestApp) -> StaffId {
    app.write(|tx| {
        let elsewhere = chain::open_venue(tx, &venue("elsewhere", "EUR"))?;
        staff::hire(tx, "Grace", Role::Manager, Some(elsewhere))
    })
    .await
}

async fn session(app: &TestApp, whose: Whose) -> String {
    let begun = app.write(move |tx| sessions::begin(tx, whose)).await;
    begun.token.expose().to_owned()
}

both_stores! {
    async fn each_operation_is_open_to_whom_the_table_says(app: TestApp) {
        let other = app.other_tenant().await;
        let without_scope = app.key(Role::Owner, &[ANOTHER_SCOPE]).await;
        let ids = BTreeMap::from([("ven".to_owned(), app.venue.to_string())]);
        let elsewhere = manager_elsewhere(&app).await;
        let customer = app.customer("Ada").await;
        let mut wrong = Vec::new();
        for (method, path, operation) in operations() {
            let Some(rule) = access::find(&method, &path) else { continue };
            let (filled, _) = filled(&path, operation, &ids);
            // A route may end the session that it is called with.
            let visitor = session(&app, Whose::Customer(customer)).await;
            let manager = session(&app, Whose::Staff { staff: elsewhere, device: None }).await;
            for caller in CALLERS {
                let persona = match caller {
                    Caller::Nobody => app.nobody(),
                    Caller::Customer => app.bearer(&visitor),
                    Caller::StaffElsewhere => app.bearer(&manager),
                    Caller::Staff => app.staff(),
                    Caller::Manager => app.manager(),
                    Caller::Owner => app.owner(),
                    Caller::OtherOwner => other.clone(),
                    Caller::KeyWithoutScope => without_scope.clone(),
                };
                let ends = expected(rule, caller);
                let said = send(&persona, &method, &filled, operation, true).await;
                let is_right = match ends {
                    // What is not there may be what the request deserves.
                    Ends::Otherwise => !matches!(ended(&said), Ends::Unauthenticated | Ends::Forbidden),
                    ends => ended(&said) == ends,
                };
                if !is_right {
                    let said = String::from_utf8_lossy(&said.bytes).into_owned();
                    wrong.push(format!("{method} {path} by {caller:?}: {ends:?} was expected, not {said}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    }

    // L36
    async fn what_is_another_chains_is_as_if_it_were_not_there(app: TestApp) {
        let theirs = furnished(&app).await;
        let own_venue = BTreeMap::from([("ven".to_owned(), app.venue.to_string())]);
        let mut with_their_ids = theirs.clone();
        with_their_ids.insert("ven".into(), app.venue.to_string());
        let their_venue = BTreeMap::from([("ven".to_owned(), theirs["ven"].clone())]);
        let (mut asked, mut wrong) = (0, Vec::new());
        for (method, path, operation) in operations() {
            let mut pairs = Vec::new();
            let (real, is_known) = filled(&path, operation, &with_their_ids);
            if is_known {
                pairs.push((real, filled(&path, operation, &own_venue).0));
            }
            if path.contains("{venueId}") {
                pairs.push((filled(&path, operation, &their_venue).0, filled(&path, operation, &BTreeMap::new()).0));
            }
            for (real, random) in pairs {
                asked += 1;
                let one = without_request_id(&send(&app.owner(), &method, &real, operation, false).await);
                let two = without_request_id(&send(&app.owner(), &method, &random, operation, false).await);
                if one != two {
                    wrong.push(format!("{method} {real}: {one} but for a random id {two}"));
                }
            }
        }
        assert!(asked > 20, "only {asked} operations were asked");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Whether the operation says that it takes `If-Match`.
fn takes_a_version(operation: &Json) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let mut references = parameters.filter_map(|parameter| parameter["$ref"].as_str());
    references.any(|reference| reference.ends_with("/IfMatch"))
}

/// Of our own chain one of each thing that is edited, by the prefix of its id.
async fn everything(app: &TestApp) -> BTreeMap<String, String> {
    let venue = app.venue;
    let mut ids = app.write(move |tx| furnish(tx, venue)).await;
    let owner = app.owner();
    let percent = json!({"name": "By code", "type": "PERCENTAGE", "scope": "ORDER", "percent": "10", "isAutomatic": false});
    let discount = owner
        .post("/api/v1/chain/discounts", percent)
        .await
        .is(201)
        .text("/id");
    let amount = json!({"amount": 500, "currency": "EUR"});
    for (path, ask, pointer) in [
        (
            "/api/v1/chain/customer-groups".to_owned(),
            json!({"name": "Boulists"}),
            "/id",
        ),
        (
            app.dashboard("/devices"),
            json!({"name": "Bar"}),
            "/device/id",
        ),
        (
            "/api/v1/chain/coupons".into(),
            json!({"code": "SAVE20", "discountId": discount}),
            "/id",
        ),
        (
            "/api/v1/chain/loyalty/rewards".into(),
            json!({"name": "Five off", "pointsCost": 400, "kind": "AMOUNT_OFF", "value": amount}),
            "/id",
        ),
        (
            "/api/v1/chain/loyalty/streaks".into(),
            json!({"name": "In a row", "period": "WEEK", "length": 3, "bonusPoints": 50}),
            "/id",
        ),
    ] {
        let id = owner.post(&path, ask).await.is(201).text(pointer);
        ids.insert(id.split('_').next().unwrap_or_default().to_owned(), id);
    }
    ids
}

both_stores! {
    async fn an_edit_of_a_version_that_is_over_changes_nothing(app: TestApp) {
        let ids = everything(&app).await;
        let olga = app.colleague("Olga", Role::Owner, "2580").await;
        let owner = session(&app, Whose::Staff { staff: olga, device: None }).await;
        let owner = app.bearer(&owner);
        let (mut asked, mut wrong) = (0, Vec::new());
        for (method, path, operation) in operations() {
            // What an order takes is told where orders are tested.
            if !takes_a_version(operation) || path.contains("/orders/") {
                continue;
            }
            let (real, _) = filled(&path, operation, &ids);
            let body = operation.pointer("/requestBody/content").and_then(Json::as_object);
            let body = body.and_then(|kinds| kinds.values().next()).map(|kind| kind["example"].clone());
            let method: Method = method.parse().expect("a method");
            let said = owner.send(method.clone(), &real, body, &[("if-match", "\"v999\"")]).await;
            asked += 1;
            let is_right = match (said.status.as_u16(), said.json["code"].as_str()) {
                (412, Some("stale")) => true,
                // What is the chain's is not for a venue to change, whatever its version.
                (422, Some("method_unavailable")) => path.contains("{venueId}"),
                _ => false,
            };
            if !is_right {
                wrong.push(format!("{method} {real}: {} {}", said.status, said.json));
            }
        }
        assert!(asked > 50, "only {asked} operations were asked");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Status, headers and body, less what every answer has of its own.
fn without_request_id(said: &Said) -> String {
    let mut headers: Vec<String> = said
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "traceparent" | "date"))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    let mut body = said.json.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("requestId");
    }
    format!("{} {headers:?} {body}", said.status)
}

/// Another chain with one of each thing, and its ids by prefix.
async fn furnished(app: &TestApp) -> BTreeMap<String, String> {
    let other = app.other_tenant().await;
    let tenant: TenantId = other
        .get("/api/v1/chain")
        .await
        .text("/id")
        .parse()
        .expect("an id");
    let scope = Scope::new(tenant, app.now(), By::cli());
    let ids = app.hall.db.write(scope, Vec::new(), move |tx| {
        let row = tx.one("select venue_id from venues where tenant_id = $1", &[])?;
        furnish(tx, row.get(0)?)
    });
    ids.await.expect("the other chain is furnished")
}

fn shape<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::bug)
}

fn furnish(tx: &mut Tx, at: VenueId) -> Result<BTreeMap<String, String>> {
    let venue = identity::venue(tx, at)?.ok_or(Error::NotFound("venue"))?;
    let tax_class = tax::create_class(
        tx,
        &EditTaxClass {
            name: "Food".into(),
        },
    )?
    .id;
    let category = catalogue::create_category(tx, &EditCategory::named("Food"))?.id;
    let sizes = EditModifierGroup {
        name: "Size".into(),
        choose_min: 0,
        choose_max: None,
        modifiers: vec![],
        active: true,
    };
    let group = catalogue::create_modifier_group(tx, &sizes)?.id;
    let product =
        catalogue::create_product(tx, None, &EditProduct::plain("Waffle", category, tax_class))?.id;
    let ten = "10".parse().map_err(Error::bug)?;
    let discount = discounts::create(tx, None, &EditDiscount::automatic("Ten", ten))?.id;
    let rule = loyalty::create_accrual_rule(
        tx,
        None,
        &shape(r#"{"name": "x", "type": "SPEND", "pointsPerUnit": "2"}"#)?,
    )?
    .id;
    let promotion =
        loyalty::create_promotion(tx, None, &shape(r#"{"name": "x", "bonusPoints": 5}"#)?)?.id;
    let ask = EditCustomer {
        first_name: Some("Eve".into()),
        ..EditCustomer::default()
    };
    let customer = customers::create(tx, &venue, &ask)?.id;
    let (key, _) = keys::mint_key(tx, "theirs", Role::Staff, &[])?;
    let staff = staff::hire(tx, "Mallory", Role::Staff, None)?;
    let all = [
        at.to_string(),
        tax_class.to_string(),
        category.to_string(),
        group.to_string(),
        product.to_string(),
        discount.to_string(),
        rule.to_string(),
        promotion.to_string(),
        customer.to_string(),
        key.to_string(),
        staff.to_string(),
    ];
    let prefix = |id: &str| id.split('_').next().unwrap_or_default().to_owned();
    Ok(all.into_iter().map(|id| (prefix(&id), id)).collect())
}
