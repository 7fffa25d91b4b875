//! How a chain wants its discounts combined, and who must approve a comp.

use axum::http::HeaderValue;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::hall::call::Reply;
use crate::hall::error::Result;
use crate::hall::etag;
use crate::hall::store::{Read, Tx};

/// What is left out is as it is by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EditDiscountPolicy {
    /// At most one discount on a unit.
    #[schema(example = false)]
    pub one_per_line: bool,
    /// Among discounts that exclude each other, the set that saves the guest most.
    #[schema(example = false)]
    pub choose_best: bool,
    /// A comp needs a manager's PIN, whatever the discount says.
    #[schema(example = true)]
    pub comp_needs_approval: bool,
}

impl Default for EditDiscountPolicy {
    fn default() -> EditDiscountPolicy {
        EditDiscountPolicy {
            one_per_line: false,
            choose_best: false,
            comp_needs_approval: true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscountPolicy {
    pub one_per_line: bool,
    pub choose_best: bool,
    pub comp_needs_approval: bool,
    /// 0 while nobody has set it.
    #[schema(example = 1)]
    pub version: i64,
}

impl Reply for DiscountPolicy {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

pub fn policy(read: &mut Read) -> Result<DiscountPolicy> {
    let (set, version) = store::policy(read)?.unwrap_or_default();
    Ok(DiscountPolicy {
        one_per_line: set.one_per_line,
        choose_best: set.choose_best,
        comp_needs_approval: set.comp_needs_approval,
        version,
    })
}

/// Orders that are decided from now on go by it.
pub fn set_policy(
    tx: &mut Tx,
    if_match: Option<&HeaderValue>,
    ask: &EditDiscountPolicy,
) -> Result<DiscountPolicy> {
    let before = policy(tx)?;
    etag::honour(if_match, before.version)?;
    store::put_policy(tx, ask, before.version)?;
    let after = policy(tx)?;
    tx.audit("discount_policy.edit", "chain", Some(&before), Some(&after))?;
    Ok(after)
}
