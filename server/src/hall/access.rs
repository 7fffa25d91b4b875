//! Who may call what: the one table of route × role, printed by `regulars routes` and tested whole.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A person's rank in a venue; each may do what the ones before it may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    Staff,
    Manager,
    Owner,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Role::Staff => "STAFF",
            Role::Manager => "MANAGER",
            Role::Owner => "OWNER",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody; the tenant, if any, comes from the host or the path.
    Public,
    /// A signed-in customer, on their own things.
    Guest,
    /// Staff, a paired device with somebody at it, or a key, of this rank in the venue of the path; on
    /// a path without a venue, of this rank in the whole chain.
    Rank(Role),
    /// As `Rank(Staff)`, but a venue is not asked for: any member of staff of the tenant.
    AnyStaff,
}

#[derive(Debug)]
pub struct Rule {
    pub method: &'static str,
    pub path: &'static str,
    pub who: Who,
    /// What a key with scopes must have; empty where no key may call.
    pub scope: &'static str,
    /// Money, points or uses move: without an Idempotency-Key it is refused.
    pub keyed: bool,
    /// Each address may ask it only so often, and is told with every answer what it has left.
    pub limited: bool,
}

const fn rule(method: &'static str, path: &'static str, who: Who, scope: &'static str) -> Rule {
    Rule {
        method,
        path,
        who,
        scope,
        keyed: false,
        limited: false,
    }
}

/// Open to everybody, each address so often.
const fn limited(method: &'static str, path: &'static str) -> Rule {
    Rule {
        limited: true,
        ..rule(method, path, Who::Public, "")
    }
}

const fn keyed(method: &'static str, path: &'static str, who: Who, scope: &'static str) -> Rule {
    Rule {
        keyed: true,
        ..rule(method, path, who, scope)
    }
}

const STAFF: Who = Who::Rank(Role::Staff);
const MANAGER: Who = Who::Rank(Role::Manager);
const OWNER: Who = Who::Rank(Role::Owner);

/// Every route that the server has under `/api` and `/`, in the order of the rooms.
#[rustfmt::skip]
pub const TABLE: &[Rule] = &[
    // operations
    rule("GET", "/healthz", Who::Public, ""),
    rule("GET", "/readyz", Who::Public, ""),
    rule("GET", "/metrics", Who::Public, ""),
    rule("GET", "/api/openapi.json", Who::Public, ""),
    rule("GET", "/problems", Who::Public, ""),
    rule("GET", "/problems/{code}", Who::Public, ""),
    // platform
    rule("POST", "/api/v1/set-up", Who::Public, ""),
    limited("POST", "/api/v1/staff/sign-in"),
    rule("POST", "/api/v1/staff/sign-out", Who::AnyStaff, ""),
    rule("GET", "/api/v1/staff/me", Who::AnyStaff, "platform:read"),
    rule("PUT", "/api/v1/staff/me/password", Who::AnyStaff, ""),
    rule("POST", "/api/v1/devices/pair", Who::Public, ""),
    rule("GET", "/api/v1/tpv/venues/{venueId}/staff", STAFF, "platform:read"),
    rule("GET", "/api/v1/tpv/venues/{venueId}/approvers", STAFF, "platform:read"),
    rule("POST", "/api/v1/tpv/venues/{venueId}/switch", STAFF, ""),
    rule("GET", "/api/v1/chain", Who::AnyStaff, "platform:read"),
    rule("PATCH", "/api/v1/chain", OWNER, "platform:write"),
    rule("GET", "/api/v1/chain/venues", Who::AnyStaff, "platform:read"),
    rule("POST", "/api/v1/chain/venues", OWNER, "platform:write"),
    rule("GET", "/api/v1/chain/venues/{venueId}", STAFF, "platform:read"),
    rule("PUT", "/api/v1/chain/venues/{venueId}", MANAGER, "platform:write"),
    rule("PATCH", "/api/v1/chain/venues/{venueId}", MANAGER, "platform:write"),
    rule("DELETE", "/api/v1/chain/venues/{venueId}", OWNER, "platform:write"),
    rule("POST", "/api/v1/chain/venues/{venueId}/restore", OWNER, "platform:write"),
    // What gives rights takes a person or a key without scopes: a scope must not make itself wider.
    rule("GET", "/api/v1/chain/staff", MANAGER, "staff:read"),
    rule("POST", "/api/v1/chain/staff", MANAGER, ""),
    rule("GET", "/api/v1/chain/staff/{staffId}", MANAGER, "staff:read"),
    rule("PUT", "/api/v1/chain/staff/{staffId}", MANAGER, ""),
    rule("PATCH", "/api/v1/chain/staff/{staffId}", MANAGER, ""),
    rule("DELETE", "/api/v1/chain/staff/{staffId}", MANAGER, ""),
    rule("PUT", "/api/v1/chain/staff/{staffId}/password", MANAGER, ""),
    rule("PUT", "/api/v1/chain/staff/{staffId}/pin", MANAGER, ""),
    rule("GET", "/api/v1/chain/api-keys", MANAGER, "staff:read"),
    rule("POST", "/api/v1/chain/api-keys", MANAGER, ""),
    rule("GET", "/api/v1/chain/api-keys/{keyId}", MANAGER, "staff:read"),
    rule("PUT", "/api/v1/chain/api-keys/{keyId}", MANAGER, ""),
    rule("DELETE", "/api/v1/chain/api-keys/{keyId}", MANAGER, ""),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/devices", MANAGER, "platform:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/devices", MANAGER, ""),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/devices/{deviceId}", MANAGER, "platform:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/devices/{deviceId}", MANAGER, ""),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/devices/{deviceId}", MANAGER, ""),
    rule("GET", "/api/v1/chain/tax-classes", Who::AnyStaff, "platform:read"),
    rule("POST", "/api/v1/chain/tax-classes", MANAGER, "platform:write"),
    rule("GET", "/api/v1/chain/tax-classes/{taxClassId}", Who::AnyStaff, "platform:read"),
    rule("PUT", "/api/v1/chain/tax-classes/{taxClassId}", MANAGER, "platform:write"),
    rule("DELETE", "/api/v1/chain/tax-classes/{taxClassId}", MANAGER, "platform:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/tax-rates", STAFF, "platform:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/tax-rates", MANAGER, "platform:write"),
    rule("GET", "/api/v1/chain/reporting-rates", Who::AnyStaff, "platform:read"),
    rule("PUT", "/api/v1/chain/reporting-rates", MANAGER, "platform:write"),
    // audit
    rule("GET", "/api/v1/chain/audit", MANAGER, "audit:read"),
    rule(
        "GET",
        "/api/v1/dashboard/venues/{venueId}/audit",
        MANAGER,
        "audit:read",
    ),
    // jobs
    rule("GET", "/api/v1/chain/jobs", MANAGER, "jobs:read"),
    rule(
        "GET",
        "/api/v1/chain/jobs/{name}/runs",
        MANAGER,
        "jobs:read",
    ),
    rule(
        "POST",
        "/api/v1/chain/jobs/{name}/run",
        MANAGER,
        "jobs:write",
    ),
    rule("POST", "/api/v1/test/clock/advance", MANAGER, "jobs:write"),
    // outbox
    rule("GET", "/api/v1/events", MANAGER, "events:read"),
    rule("GET", "/api/v1/event-types", Who::AnyStaff, "events:read"),
    rule("GET", "/api/v1/chain/messages", MANAGER, "messages:read"),
    rule("GET", "/api/v1/chain/messages/{messageId}", MANAGER, "messages:read"),
    rule("POST", "/api/v1/chain/messages/{messageId}/resend", MANAGER, "messages:write"),
    // customers
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers", STAFF, "customers:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/customers", STAFF, "customers:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/stats", STAFF, "customers:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/customers/by-ref/{system}/{id}", STAFF, "customers:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}", STAFF, "customers:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}", STAFF, "customers:write"),
    rule("PATCH", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}", STAFF, "customers:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}", MANAGER, "customers:write"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/customers/import", MANAGER, "customers:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/import/{importId}", MANAGER, "customers:read"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/import/{importId}/rejected", MANAGER, "customers:read"),
    rule("GET", "/api/v1/tpv/venues/{venueId}/customers/search", STAFF, "customers:read"),
    rule("GET", "/api/v1/tpv/venues/{venueId}/customers/recent", STAFF, "customers:read"),
    rule("POST", "/api/v1/tpv/venues/{venueId}/customers", STAFF, "customers:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customer-groups", STAFF, "customers:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/customer-groups", MANAGER, "customers:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}", STAFF, "customers:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}", MANAGER, "customers:write"),
    rule("PATCH", "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}", MANAGER, "customers:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}", MANAGER, "customers:write"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}/assign", STAFF, "customers:write"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/customer-groups/{groupId}/remove", STAFF, "customers:write"),
    rule("GET", "/api/v1/chain/customer-groups", Who::AnyStaff, "customers:read"),
    rule("POST", "/api/v1/chain/customer-groups", MANAGER, "customers:write"),
    rule("GET", "/api/v1/chain/customer-groups/{groupId}", Who::AnyStaff, "customers:read"),
    rule("PUT", "/api/v1/chain/customer-groups/{groupId}", MANAGER, "customers:write"),
    rule("PATCH", "/api/v1/chain/customer-groups/{groupId}", MANAGER, "customers:write"),
    rule("DELETE", "/api/v1/chain/customer-groups/{groupId}", MANAGER, "customers:write"),
    rule("POST", "/api/v1/chain/customer-groups/{groupId}/assign", MANAGER, "customers:write"),
    rule("POST", "/api/v1/chain/customer-groups/{groupId}/remove", MANAGER, "customers:write"),
    limited("POST", "/api/v1/me/sign-in"),
    limited("POST", "/api/v1/me/sign-in/confirm"),
    rule("POST", "/api/v1/me/sign-out", Who::Guest, ""),
    // catalogue
    rule("GET", "/api/v1/dashboard/venues/{venueId}/categories", STAFF, "catalogue:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/categories", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/categories/{categoryId}", STAFF, "catalogue:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/categories/{categoryId}", MANAGER, "catalogue:write"),
    rule("PATCH", "/api/v1/dashboard/venues/{venueId}/categories/{categoryId}", MANAGER, "catalogue:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/categories/{categoryId}", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/chain/categories", STAFF, "catalogue:read"),
    rule("POST", "/api/v1/chain/categories", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/chain/categories/{categoryId}", STAFF, "catalogue:read"),
    rule("PUT", "/api/v1/chain/categories/{categoryId}", MANAGER, "catalogue:write"),
    rule("PATCH", "/api/v1/chain/categories/{categoryId}", MANAGER, "catalogue:write"),
    rule("DELETE", "/api/v1/chain/categories/{categoryId}", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/modifier-groups", STAFF, "catalogue:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/modifier-groups", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/modifier-groups/{modifierGroupId}", STAFF, "catalogue:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/modifier-groups/{modifierGroupId}", MANAGER, "catalogue:write"),
    rule("PATCH", "/api/v1/dashboard/venues/{venueId}/modifier-groups/{modifierGroupId}", MANAGER, "catalogue:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/modifier-groups/{modifierGroupId}", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/chain/modifier-groups", STAFF, "catalogue:read"),
    rule("POST", "/api/v1/chain/modifier-groups", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/chain/modifier-groups/{modifierGroupId}", STAFF, "catalogue:read"),
    rule("PUT", "/api/v1/chain/modifier-groups/{modifierGroupId}", MANAGER, "catalogue:write"),
    rule("PATCH", "/api/v1/chain/modifier-groups/{modifierGroupId}", MANAGER, "catalogue:write"),
    rule("DELETE", "/api/v1/chain/modifier-groups/{modifierGroupId}", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/products", STAFF, "catalogue:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/products", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/products/{productId}", STAFF, "catalogue:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/products/{productId}", MANAGER, "catalogue:write"),
    rule("PATCH", "/api/v1/dashboard/venues/{venueId}/products/{productId}", MANAGER, "catalogue:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/products/{productId}", MANAGER, "catalogue:write"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/products/by-ref/{system}/{id}", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/chain/products", STAFF, "catalogue:read"),
    rule("POST", "/api/v1/chain/products", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/chain/products/{productId}", STAFF, "catalogue:read"),
    rule("PUT", "/api/v1/chain/products/{productId}", MANAGER, "catalogue:write"),
    rule("PATCH", "/api/v1/chain/products/{productId}", MANAGER, "catalogue:write"),
    rule("DELETE", "/api/v1/chain/products/{productId}", MANAGER, "catalogue:write"),
    rule("PUT", "/api/v1/chain/products/by-ref/{system}/{id}", MANAGER, "catalogue:write"),
    rule("GET", "/api/v1/tpv/venues/{venueId}/products", STAFF, "catalogue:read"),
    // discounts
    rule("GET", "/api/v1/dashboard/venues/{venueId}/discounts", STAFF, "discounts:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/discounts", MANAGER, "discounts:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/discounts/{discountId}", STAFF, "discounts:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/discounts/{discountId}", MANAGER, "discounts:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/discounts/{discountId}", MANAGER, "discounts:write"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/discounts/{discountId}/clone", MANAGER, "discounts:write"),
    rule("GET", "/api/v1/chain/discounts", STAFF, "discounts:read"),
    rule("POST", "/api/v1/chain/discounts", MANAGER, "discounts:write"),
    rule("GET", "/api/v1/chain/discounts/{discountId}", STAFF, "discounts:read"),
    rule("PUT", "/api/v1/chain/discounts/{discountId}", MANAGER, "discounts:write"),
    rule("DELETE", "/api/v1/chain/discounts/{discountId}", MANAGER, "discounts:write"),
    rule("POST", "/api/v1/chain/discounts/{discountId}/clone", MANAGER, "discounts:write"),
    rule("GET", "/api/v1/chain/discount-policy", STAFF, "discounts:read"),
    rule("PUT", "/api/v1/chain/discount-policy", MANAGER, "discounts:write"),
    // coupons
    rule("GET", "/api/v1/dashboard/venues/{venueId}/coupons", STAFF, "coupons:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/coupons", MANAGER, "coupons:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/coupons/{couponId}", STAFF, "coupons:read"),
    rule("PATCH", "/api/v1/dashboard/venues/{venueId}/coupons/{couponId}", MANAGER, "coupons:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/coupons/{couponId}", MANAGER, "coupons:write"),
    keyed("POST", "/api/v1/dashboard/venues/{venueId}/coupons/bulk-generate", MANAGER, "coupons:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/coupons/bulk-generate/{batchId}", MANAGER, "coupons:read"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/coupons/bulk-generate/{batchId}/codes.csv", MANAGER, "coupons:read"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/coupons/redemptions", STAFF, "coupons:read"),
    rule("GET", "/api/v1/chain/coupons", STAFF, "coupons:read"),
    rule("POST", "/api/v1/chain/coupons", MANAGER, "coupons:write"),
    rule("GET", "/api/v1/chain/coupons/{couponId}", STAFF, "coupons:read"),
    rule("PATCH", "/api/v1/chain/coupons/{couponId}", MANAGER, "coupons:write"),
    rule("DELETE", "/api/v1/chain/coupons/{couponId}", MANAGER, "coupons:write"),
    keyed("POST", "/api/v1/chain/coupons/bulk-generate", MANAGER, "coupons:write"),
    rule("GET", "/api/v1/chain/coupons/bulk-generate/{batchId}", MANAGER, "coupons:read"),
    rule("GET", "/api/v1/chain/coupons/bulk-generate/{batchId}/codes.csv", MANAGER, "coupons:read"),
    rule("GET", "/api/v1/chain/coupons/redemptions", STAFF, "coupons:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/coupons/validate", STAFF, "coupons:read"),
    rule("POST", "/api/v1/tpv/venues/{venueId}/coupons/validate", STAFF, "coupons:read"),
    limited("POST", "/api/v1/public/venues/{venueSlug}/coupons/validate"),
    // loyalty
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/config", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/loyalty/config", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/config", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/chain/loyalty/config", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/balance", STAFF, "loyalty:read"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/transactions", STAFF, "loyalty:read"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules", STAFF, "loyalty:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules/{accrualRuleId}", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules/{accrualRuleId}", MANAGER, "loyalty:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/loyalty/accrual-rules/{accrualRuleId}", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/accrual-rules", STAFF, "loyalty:read"),
    rule("POST", "/api/v1/chain/loyalty/accrual-rules", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/accrual-rules/{accrualRuleId}", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/chain/loyalty/accrual-rules/{accrualRuleId}", MANAGER, "loyalty:write"),
    rule("DELETE", "/api/v1/chain/loyalty/accrual-rules/{accrualRuleId}", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/promotions", STAFF, "loyalty:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/loyalty/promotions", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/promotions/{promotionId}", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/loyalty/promotions/{promotionId}", MANAGER, "loyalty:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/loyalty/promotions/{promotionId}", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/promotions", STAFF, "loyalty:read"),
    rule("POST", "/api/v1/chain/loyalty/promotions", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/promotions/{promotionId}", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/chain/loyalty/promotions/{promotionId}", MANAGER, "loyalty:write"),
    rule("DELETE", "/api/v1/chain/loyalty/promotions/{promotionId}", MANAGER, "loyalty:write"),
    rule("POST", "/api/v1/chain/loyalty/config/migration/preview", MANAGER, "loyalty:read"),
    keyed("POST", "/api/v1/chain/loyalty/config/migration", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/config/migration/{migrationId}", MANAGER, "loyalty:read"),
    // A purchase is known again by what the other system calls it: that is its key.
    rule("POST", "/api/v1/dashboard/venues/{venueId}/loyalty/purchases", STAFF, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/parked", STAFF, "loyalty:read"),
    keyed("POST", "/api/v1/dashboard/venues/{venueId}/loyalty/parked/{parkedId}/link", STAFF, "loyalty:write"),
    keyed("POST", "/api/v1/dashboard/venues/{venueId}/loyalty/parked/{parkedId}/part", STAFF, "loyalty:write"),
    keyed("POST", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/adjust", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/me/loyalty/transactions", Who::Guest, ""),
    // rewards
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/rewards", STAFF, "loyalty:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/loyalty/rewards", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/rewards/{rewardId}", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/loyalty/rewards/{rewardId}", MANAGER, "loyalty:write"),
    rule("PATCH", "/api/v1/dashboard/venues/{venueId}/loyalty/rewards/{rewardId}", MANAGER, "loyalty:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/loyalty/rewards/{rewardId}", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/rewards", STAFF, "loyalty:read"),
    rule("POST", "/api/v1/chain/loyalty/rewards", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/rewards/{rewardId}", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/chain/loyalty/rewards/{rewardId}", MANAGER, "loyalty:write"),
    rule("PATCH", "/api/v1/chain/loyalty/rewards/{rewardId}", MANAGER, "loyalty:write"),
    rule("DELETE", "/api/v1/chain/loyalty/rewards/{rewardId}", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/rewards", STAFF, "loyalty:read"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/vouchers", STAFF, "loyalty:read"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/customers/{customerId}/rewards/{rewardId}/redeem", STAFF, "loyalty:write"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/customers/{customerId}/vouchers/{voucherId}/cancel", STAFF, "loyalty:write"),
    rule("GET", "/api/v1/me/loyalty/rewards", Who::Guest, ""),
    keyed("POST", "/api/v1/me/loyalty/rewards/{rewardId}/redeem", Who::Guest, ""),
    rule("GET", "/api/v1/me/loyalty/vouchers", Who::Guest, ""),
    // tiers
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/tiers", STAFF, "loyalty:read"),
    rule("GET", "/api/v1/chain/loyalty/tiers", Who::AnyStaff, "loyalty:read"),
    rule("PUT", "/api/v1/chain/loyalty/tiers", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/tier", STAFF, "loyalty:read"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/tier-changes", STAFF, "loyalty:read"),
    rule("GET", "/api/v1/me/loyalty/tier", Who::Guest, ""),
    // streaks
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/streaks", STAFF, "loyalty:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/loyalty/streaks", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/streaks/{streakId}", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/dashboard/venues/{venueId}/loyalty/streaks/{streakId}", MANAGER, "loyalty:write"),
    rule("DELETE", "/api/v1/dashboard/venues/{venueId}/loyalty/streaks/{streakId}", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/streaks", STAFF, "loyalty:read"),
    rule("POST", "/api/v1/chain/loyalty/streaks", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/chain/loyalty/streaks/{streakId}", STAFF, "loyalty:read"),
    rule("PUT", "/api/v1/chain/loyalty/streaks/{streakId}", MANAGER, "loyalty:write"),
    rule("DELETE", "/api/v1/chain/loyalty/streaks/{streakId}", MANAGER, "loyalty:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/streaks", STAFF, "loyalty:read"),
    rule("GET", "/api/v1/me/loyalty/streaks", Who::Guest, ""),
    rule("GET", "/api/v1/me/loyalty", Who::Guest, ""),
    // leaderboards
    rule("GET", "/api/v1/dashboard/venues/{venueId}/loyalty/leaderboards", STAFF, "loyalty:read"),
    rule("GET", "/api/v1/me/loyalty/leaderboards", Who::Guest, ""),
    rule("PUT", "/api/v1/me/loyalty/leaderboard", Who::Guest, ""),
    rule("DELETE", "/api/v1/me/loyalty/leaderboard", Who::Guest, ""),
    // payments
    // orders
    rule("GET", "/api/v1/tpv/venues/{venueId}/orders", STAFF, "orders:read"),
    rule("GET", "/api/v1/tpv/venues/{venueId}/orders/{orderId}", STAFF, "orders:read"),
    rule("PATCH", "/api/v1/tpv/venues/{venueId}/orders/{orderId}", STAFF, "orders:write"),
    rule("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/items", STAFF, "orders:write"),
    rule("PATCH", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/items/{itemId}", STAFF, "orders:write"),
    rule("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/items/{itemId}/void", STAFF, "orders:write"),
    rule("PUT", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/customer", STAFF, "orders:write"),
    rule("PUT", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/served-by", STAFF, "orders:write"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/void", STAFF, "orders:write"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/manual", STAFF, "orders:write"),
    rule("GET", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/available", STAFF, "orders:read"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/predefined", STAFF, "orders:write"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/coupon", STAFF, "orders:write"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/points", STAFF, "orders:write"),
    keyed("POST", "/api/v1/dashboard/venues/{venueId}/customers/{customerId}/loyalty/redeem", STAFF, "orders:write"),
    rule("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/automatic", STAFF, "orders:write"),
    rule("DELETE", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/discounts/{orderDiscountId}", STAFF, "orders:write"),
    rule("GET", "/api/v1/dashboard/venues/{venueId}/comps", MANAGER, "orders:read"),
    // checkout
    keyed("POST", "/api/v1/tpv/venues/{venueId}/orders", STAFF, "orders:write"),
    rule("PUT", "/api/v1/tpv/venues/{venueId}/orders/by-ref/{system}/{id}", STAFF, "orders:write"),
    rule("POST", "/api/v1/tpv/venues/{venueId}/orders/preview", STAFF, "orders:read"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/payments", STAFF, "payments:write"),
    rule("GET", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/payments", STAFF, "payments:read"),
    keyed("POST", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/refunds", MANAGER, "payments:write"),
    rule("GET", "/api/v1/tpv/venues/{venueId}/orders/{orderId}/refunds", STAFF, "payments:read"),
    rule("POST", "/api/v1/dashboard/venues/{venueId}/loyalty/calculate-points", STAFF, "loyalty:read"),
];

/// The rule of a route, by its method and its path as it is written in [`TABLE`].
pub fn find(method: &str, path: &str) -> Option<&'static Rule> {
    static BY_ROUTE: OnceLock<HashMap<(&str, &str), &'static Rule>> = OnceLock::new();
    let by_route = BY_ROUTE.get_or_init(|| {
        TABLE
            .iter()
            .map(|rule| ((rule.method, rule.path), rule))
            .collect()
    });
    by_route.get(&(method, path)).copied()
}
