//! What belongs to the chain as a whole: shares of experiments, the policy, and whose ids are its own.

use std::collections::HashSet;

use super::super::EditDiscountPolicy;
use super::super::check::Named;
use super::live::begin_generation;
use crate::hall::error::{Error, OnViolation as _, Result};
use crate::hall::filter::places;
use crate::hall::store::{Read, Tx, Value, json};
use crate::params;

/// The range of a variant in basis points.
pub fn variant(read: &mut Read, experiment: &str, variant: &str) -> Result<Option<(i64, i64)>> {
    let row = read.first(
        "select from_bp, until_bp from experiment_variants
         where tenant_id = $1 and experiment_id = $2 and variant = $3",
        params![experiment, variant],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Gives a variant the next range, if there is so much left. Of two that want the same place one comes later.
pub fn add_variant(tx: &mut Tx, experiment: &str, variant: &str, share: i64) -> Result<()> {
    let added = tx.exec(
        "insert into experiment_variants (tenant_id, experiment_id, variant, from_bp, until_bp, created_at)
         select $1, $2, $3, taken.bp, taken.bp + $4, $5
         from (select coalesce(max(until_bp), 0) as bp from experiment_variants
           where tenant_id = $1 and experiment_id = $2) as taken
         where taken.bp + $4 <= 10000",
        params![experiment, variant, share, tx.now()],
    );
    added
        .on_unique(|| Error::Again("another variant took the range".into()))
        .map(|_| ())
}

pub fn allocated(read: &mut Read, experiment: &str) -> Result<i64> {
    read.one(
        "select coalesce(max(until_bp), 0) from experiment_variants
         where tenant_id = $1 and experiment_id = $2",
        params![experiment],
    )?
    .get(0)
}

pub fn policy(read: &mut Read) -> Result<Option<(EditDiscountPolicy, i64)>> {
    let row = read.first(
        "select policy, version from discount_policies where tenant_id = $1",
        params![],
    )?;
    row.map(|row| Ok((row.json(0)?, row.get(1)?))).transpose()
}

/// Puts the policy over version `before` (0: there is none yet).
pub fn put_policy(tx: &mut Tx, policy: &EditDiscountPolicy, before: i64) -> Result<()> {
    let put = tx.exec(
        "insert into discount_policies (tenant_id, policy, version, updated_at)
         values ($1, $2, $3, $4)
         on conflict (tenant_id) do update
           set policy = excluded.policy, version = excluded.version, updated_at = excluded.updated_at
           where discount_policies.version = $5",
        params![json(policy)?, before + 1, tx.now(), before],
    )?;
    if put == 1 {
        begin_generation(tx)
    } else {
        Err(Error::Again("somebody set the policy meanwhile".into()))
    }
}

/// Where each kind of id is at home; those tables are only read here.
const HOMES: [(&str, &str, &str); 6] = [
    ("prd_", "products", "product_id"),
    ("cat_", "categories", "category_id"),
    ("mod_", "modifiers", "modifier_id"),
    ("mgr_", "modifier_groups", "modifier_group_id"),
    ("grp_", "customer_groups", "group_id"),
    ("cus_", "customers", "customer_id"),
];

/// Those of the named ids that are the tenant's.
pub fn known(read: &mut Read, named: &[Named]) -> Result<HashSet<String>> {
    let mut params: Vec<Value> = Vec::with_capacity(named.len());
    let mut parts = Vec::new();
    for (prefix, table, column) in HOMES {
        let of_table: Vec<&str> = named
            .iter()
            .map(|one| one.id.as_str())
            .filter(|id| id.starts_with(prefix))
            .collect();
        if of_table.is_empty() {
            continue;
        }
        let ids = places(params.len() + 2, of_table.len());
        parts.push(format!(
            "select {column} from {table} where tenant_id = $1 and {column} in ({ids})"
        ));
        params.extend(of_table.into_iter().map(Value::from));
    }
    if parts.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = read.query(&parts.join(" union all "), &params)?;
    rows.iter().map(|row| row.get(0)).collect()
}
