//! What the program says about itself: its routes and its API description.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use super::{Json, say};
use crate::hall::access::{Rule, TABLE, Who};
use crate::openapi;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    method: &'static str,
    path: &'static str,
    who: String,
    scope: &'static str,
    idempotency_key_required: bool,
}

pub fn routes(ask: Json) -> Result<ExitCode> {
    if ask.json {
        say::json(&TABLE.iter().map(route).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["METHOD", "PATH", "WHO", "SCOPE OF A KEY", ""].map(String::from)];
    rows.extend(TABLE.iter().map(route).map(|route| {
        let keyed = if route.idempotency_key_required {
            "Idempotency-Key"
        } else {
            ""
        };
        [
            route.method.into(),
            route.path.into(),
            route.who,
            route.scope.into(),
            keyed.into(),
        ]
    }));
    say::table(&rows);
    Ok(ExitCode::SUCCESS)
}

fn route(rule: &Rule) -> Route {
    Route {
        method: rule.method,
        path: rule.path,
        who: who(rule.who),
        scope: rule.scope,
        idempotency_key_required: rule.keyed,
    }
}

fn who(who: Who) -> String {
    match who {
        Who::Public => "anybody".into(),
        Who::Guest => "the customer".into(),
        Who::AnyStaff => "any STAFF".into(),
        Who::Rank(role) => role.word().into(),
    }
}

pub fn openapi() -> Result<ExitCode> {
    say::json(openapi::document())?;
    Ok(ExitCode::SUCCESS)
}
