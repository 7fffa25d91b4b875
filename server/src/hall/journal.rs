//! What each write leaves behind: an audit entry, events, and the stored answer of its idempotency key.
//!
//! Entries and events are appended without a number. The sealing job numbers them afterwards, because a
//! counter that each write of a tenant moved would make them queue behind each other.

use jiff::Timestamp;
use serde::Serialize;

use super::error::{Error, Result};
use super::id::{AuditId, EventId, StaffId, VenueId};
use super::secret::sha256;
use super::store::{Read, Tx, Value, json};
use crate::params;

/// Who acts: stored with each entry as `kind:id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// `staff:stf_…`, `customer:cus_…`, `key:key_…`, `device:dev_…`, `job:name`, `cli`, `nobody`.
    pub actor: String,
    /// The signed-in person, where the actor is one.
    pub staff: Option<StaffId>,
    pub request_id: String,
    pub ip: String,
}

impl By {
    pub fn nobody() -> By {
        By::machine("nobody")
    }

    pub fn job(name: &str) -> By {
        By::machine(&format!("job:{name}"))
    }

    pub fn cli() -> By {
        By::machine("cli")
    }

    fn machine(actor: &str) -> By {
        By {
            actor: actor.into(),
            staff: None,
            request_id: String::new(),
            ip: String::new(),
        }
    }
}

macro_rules! events {
    ($($variant:ident $word:literal $about:literal;)*) => {
        /// What happened, as the feed and webhooks name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum EventType { $($variant),* }

        impl EventType {
            pub const ALL: &'static [EventType] = &[$(EventType::$variant),*];

            pub fn word(self) -> &'static str {
                match self { $(EventType::$variant => $word),* }
            }
            pub fn about(self) -> &'static str {
                match self { $(EventType::$variant => $about),* }
            }
        }
    };
}

events! {
    CustomerCreated "customer.created" "A customer is new; data is the customer.";
    CustomerUpdated "customer.updated" "A customer's profile changed; data is the customer.";
    CustomerArchived "customer.archived" "A customer was put away; data is {id}.";
    OrderOpened "order.opened" "An order or tab was opened; data is the order without its trace and shares.";
    OrderUpdated "order.updated" "The lines, customer or label of an open order changed; data is the order without its trace and shares.";
    OrderPaid "order.paid" "An order was paid in full; data is the order without its trace and shares.";
    OrderVoided "order.voided" "An open order was given up; data is the order without its trace and shares.";
    PaymentSucceeded "payment.succeeded" "Money came in; data is the payment.";
    OrderRefunded "order.refunded" "Money of an order went back, or was given back while it was open (`kind` says which); data is the refund.";
    PaymentRefunded "payment.refunded" "Money went back; data is the payment that gives it back.";
    PointsEarned "points.earned" "A customer earned points; data is the ledger row.";
    PointsRedeemed "points.redeemed" "A customer spent points; data is the ledger row.";
    PointsReversed "points.reversed" "A refund took points back, or gave spent ones back; data is the ledger row.";
    PointsAdjusted "points.adjusted" "Staff or an import moved points by hand; data is the ledger row.";
    PurchaseParked "purchase.parked" "A purchase looks like one that earned from another source, and waits for staff; data is the parked purchase.";
    RewardPublished "reward.published" "A reward is new, changed or archived; data is the reward.";
    VoucherIssued "voucher.issued" "A customer got a voucher, for points or by a rule; data is the voucher.";
    VoucherCancelled "voucher.cancelled" "An unused voucher was taken back; data is the voucher.";
    TierChanged "tier.changed" "A customer rose or fell to another tier; data is the change, with its rule and figures.";
    StreakCompleted "streak.completed" "A customer came back often enough in a row; data is the streak with its bonus.";
    DiscountPublished "discount.published" "A discount has a new version; data is the discount.";
    CouponUpdated "coupon.updated" "A code is new, changed or deleted; data is the coupon.";
    CouponsGenerated "coupons.generated" "All codes of a batch are made; data is the batch.";
    AccrualRulePublished "accrual_rule.published" "An accrual rule is new, changed or archived; data is the rule.";
    PromotionPublished "promotion.published" "A points promotion is new, changed or archived; data is the promotion.";
    ProductUpdated "product.updated" "A product is new or changed; data is the product.";
}

impl Tx {
    /// Notes that `entity` changed, by digests of its shape before and after (`None`: it was not, or is no more).
    pub fn audit<B: Serialize, A: Serialize>(
        &mut self,
        action: &str,
        entity: impl ToString + Copy,
        before: Option<&B>,
        after: Option<&A>,
    ) -> Result<()> {
        let before = before.map(digest).transpose()?;
        let after = after.map(digest).transpose()?;
        let by = self.scope().by.actor.clone();
        self.append_entry(&by, action, &entity.to_string(), before, after)
    }

    /// Notes that somebody else than the caller stood by an act on `entity`; an entry has one actor.
    pub fn audit_by<A: Serialize>(
        &mut self,
        actor: &str,
        action: &str,
        entity: impl ToString + Copy,
        after: &A,
    ) -> Result<()> {
        let after = digest(after)?;
        self.append_entry(actor, action, &entity.to_string(), None, Some(after))
    }

    /// A new thing: only an after.
    pub fn audit_new<A: Serialize>(
        &mut self,
        action: &str,
        entity: impl ToString + Copy,
        after: &A,
    ) -> Result<()> {
        self.audit(action, entity, None::<&()>, Some(after))
    }

    pub(super) fn append_entry(
        &mut self,
        actor: &str,
        action: &str,
        entity: &str,
        before: Option<[u8; 32]>,
        after: Option<[u8; 32]>,
    ) -> Result<()> {
        self.entries += 1;
        let id: AuditId = self.new_id();
        let by = self.scope().by.clone();
        self.queue(
            "insert into audit_entries
               (tenant_id, audit_id, at, actor, action, entity, before_sha, after_sha, request_id, ip)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            params![id, self.now(), actor, action, entity, before, after, by.request_id, by.ip],
        )
    }

    /// Writes an event with the change that causes it; it is seen by nobody unless the change is committed (L34).
    pub fn emit<T: Serialize>(
        &mut self,
        event: EventType,
        venue: Option<VenueId>,
        data: &T,
    ) -> Result<()> {
        let id: EventId = self.new_id();
        let data = json(data)?;
        self.queue(
            "insert into outbox (tenant_id, event_id, kind, type, venue_id, at, data)
             values ($1, $2, 'EVENT', $3, $4, $5, $6)",
            params![id, event.word(), venue, self.now(), data],
        )
    }

    /// A message for a person, due now. `data` holds the address, the template and what fills it.
    pub fn send<T: Serialize>(&mut self, template: &str, data: &T) -> Result<()> {
        let id: EventId = self.new_id();
        let data = json(data)?;
        self.queue(
            "insert into outbox (tenant_id, event_id, kind, type, at, due_at, data)
             values ($1, $2, 'MESSAGE', $3, $4, $4, $5)",
            params![id, template, self.now(), data],
        )
    }
}

#[track_caller]
fn digest<T: Serialize>(shape: &T) -> Result<[u8; 32]> {
    serde_json::to_vec(shape)
        .map(|bytes| sha256(&bytes))
        .map_err(Error::bug)
}

/// A key, for whom and for what it was sent, and what the request said.
#[derive(Debug, Clone)]
pub struct Keyed {
    pub key: String,
    /// The caller as [`By::actor`] spells it: a key belongs to one principal.
    pub principal: String,
    /// Method and path.
    pub operation: String,
    /// SHA-256 of principal, operation and canonical body.
    pub fingerprint: [u8; 32],
}

/// An answer as it was given, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What the key of this request stands for already.
#[derive(Debug)]
pub enum Known {
    New,
    /// The answer, and when it was given.
    Answered(Stored, Timestamp),
    /// The key was used for another request.
    Reused,
}

pub fn find_answer(read: &mut Read, keyed: &Keyed) -> Result<Known> {
    let found = read.first(
        "select fingerprint, status, headers, body, created_at from idempotency
         where tenant_id = $1 and principal = $2 and operation = $3 and key = $4",
        params![&keyed.principal, &keyed.operation, &keyed.key],
    )?;
    let Some(row) = found else {
        return Ok(Known::New);
    };
    if row.get::<[u8; 32]>(0)? != keyed.fingerprint {
        return Ok(Known::Reused);
    }
    let status = u16::try_from(row.get::<i64>(1)?).map_err(Error::bug)?;
    let stored = Stored {
        status,
        headers: row.json(2)?,
        body: row.get(3)?,
    };
    Ok(Known::Answered(stored, row.get(4)?))
}

/// Stores the answer in the transaction of its effect (L04). Two that run at once meet in the primary
/// key, and the later one is run again and finds the answer.
pub fn store_answer(tx: &mut Tx, keyed: &Keyed, stored: &Stored) -> Result<()> {
    let headers = json(&stored.headers)?;
    let put = tx.exec(
        "insert into idempotency
           (tenant_id, principal, operation, key, fingerprint, status, headers, body, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (tenant_id, principal, operation, key) do nothing",
        params![
            &keyed.principal,
            &keyed.operation,
            &keyed.key,
            keyed.fingerprint,
            i64::from(stored.status),
            headers,
            Value::Bytes(stored.body.clone()),
            tx.now()
        ],
    )?;
    if put == 0 {
        Err(Error::Again("the key was taken meanwhile".into()))
    } else {
        Ok(())
    }
}
