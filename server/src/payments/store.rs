use serde_json::{Map, Value as Json};

use super::{Captured, GiveBack, Payment, Status, Taking, Transition};
use crate::hall::error::Result;
use crate::hall::id::PaymentId;
use crate::hall::money::Money;
use crate::hall::store::{Read, Row, Tx, Value, json, word};
use crate::params;

pub fn insert(
    tx: &mut Tx,
    id: PaymentId,
    taking: &Taking,
    parent: Option<PaymentId>,
    actor: &str,
) -> Result<()> {
    tx.queue(
        "insert into payments (tenant_id, payment_id, venue_id, subject_kind, subject_id, kind, method,
           status, amount, tip, rounding, currency, reporting_amount, parent_id, external_id,
           taken_by, at)
         values ($1, $2, $3, $4, $5, $6, $7, 'SUCCEEDED', $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        params![
            id,
            taking.venue,
            word(&taking.subject.0)?,
            &taking.subject.1,
            word(&taking.kind)?,
            word(&taking.method)?,
            taking.amount,
            taking.tip,
            taking.rounding,
            &taking.currency,
            taking.reporting_amount,
            parent,
            &taking.external_id,
            actor,
            taking.at
        ],
    )
}

pub fn append(tx: &mut Tx, id: PaymentId, seq: i64, transition: &Transition) -> Result<()> {
    let from: Value = transition.from.as_ref().map(word).transpose()?.into();
    let metadata = if transition.metadata.is_null() {
        "{}".to_owned()
    } else {
        json(&transition.metadata)?
    };
    tx.queue(
        "insert into payment_trail (tenant_id, payment_id, seq, at, actor, action, from_status, to_status,
           metadata)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            id,
            seq,
            transition.at,
            &transition.actor,
            &transition.action,
            from,
            word(&transition.to)?,
            metadata
        ],
    )
}

pub const OF: &str =
    "select payment_id, kind, method, status, amount, tip, rounding, currency, parent_id, external_id,
       taken_by, at, refunded, refunded_tip
     from payments where tenant_id = $1 and subject_id = $2 order by payment_id";

pub const TRAILS: &str =
    "select t.payment_id, t.at, t.actor, t.action, t.from_status, t.to_status, t.metadata
     from payment_trail t join payments p on p.tenant_id = t.tenant_id and p.payment_id = t.payment_id
     where t.tenant_id = $1 and p.subject_id = $2 order by t.payment_id, t.seq";

pub fn of(read: &mut Read, subject_id: &str) -> Result<Vec<Payment>> {
    let rows = read.query(OF, params![subject_id])?;
    let mut payments = rows.iter().map(payment).collect::<Result<Vec<Payment>>>()?;
    if payments.is_empty() {
        return Ok(payments);
    }
    let trails = read.query(TRAILS, params![subject_id])?;
    for row in &trails {
        let id: PaymentId = row.get(0)?;
        if let Some(payment) = payments.iter_mut().find(|payment| payment.id == id) {
            payment.audit_trail.push(transition(row)?);
        }
    }
    Ok(payments)
}

fn payment(row: &Row) -> Result<Payment> {
    let currency: String = row.get(7)?;
    let money =
        |place| Ok::<Money, crate::hall::error::Error>(Money::of(row.get(place)?, &currency));
    Ok(Payment {
        id: row.get(0)?,
        kind: row.word(1)?,
        method: row.word(2)?,
        status: row.word(3)?,
        amount: money(4)?,
        tip: money(5)?,
        rounding: money(6)?,
        refunded: money(12)?,
        refunded_tip: money(13)?,
        parent_payment_id: row.get(8)?,
        external_id: row.get(9)?,
        taken_by: row.get(10)?,
        at: row.get(11)?,
        audit_trail: Vec::new(),
    })
}

fn transition(row: &Row) -> Result<Transition> {
    let from: Option<String> = row.get(4)?;
    let metadata: Json = row.json(6)?;
    let is_empty = metadata.as_object().is_some_and(Map::is_empty);
    Ok(Transition {
        at: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        from: from
            .as_deref()
            .map(crate::hall::store::from_word)
            .transpose()?,
        to: row.word(5)?,
        metadata: if is_empty { Json::Null } else { metadata },
    })
}

pub const CAPTURED: &str =
    "select payment_id, method, amount, tip, rounding, refunded, refunded_tip, refunded_rounding,
       reporting_amount
     from payments where tenant_id = $1 and subject_id = $2 and kind <> 'REFUND'
       and status in ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED') order by payment_id desc";

/// Money that came in for a subject and stayed, the newest first.
pub fn captured(read: &mut Read, subject_id: &str) -> Result<Vec<Captured>> {
    let rows = read.query(CAPTURED, params![subject_id])?;
    let captured = rows.iter().map(|row| {
        Ok(Captured {
            id: row.get(0)?,
            method: row.word(1)?,
            amount: row.get(2)?,
            tip: row.get(3)?,
            rounding: row.get(4)?,
            refunded: row.get(5)?,
            refunded_tip: row.get(6)?,
            refunded_rounding: row.get(7)?,
            reporting_amount: row.get(8)?,
        })
    });
    captured.collect()
}

/// Takes what goes back off what was captured; `None` where that is no longer there. L12: what is left is asked in
/// the `where`, because two tills may refund at once.
pub fn take_off(tx: &mut Tx, back: &GiveBack) -> Result<Option<Status>> {
    let row = tx.first(
        "update payments set refunded = refunded + $3, refunded_tip = refunded_tip + $4,
           refunded_rounding = refunded_rounding + $5,
           status = case when refunded + $3 = amount and refunded_rounding + $5 = rounding
             then 'REFUNDED' else 'PARTIALLY_REFUNDED' end
         where tenant_id = $1 and payment_id = $2 and kind <> 'REFUND'
           and status in ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED')
           and refunded = $6 and refunded_tip = $7 and refunded_rounding = $8
           and amount - refunded >= $3 and tip - refunded_tip >= $4
         returning status",
        params![
            back.from.id,
            back.amount,
            back.tip,
            back.rounding,
            back.from.refunded,
            back.from.refunded_tip,
            back.from.refunded_rounding
        ],
    )?;
    row.map(|row| row.word(0)).transpose()
}

/// The number of the next row of a payment's trail, and the status that its last one tells.
pub fn trail_end(read: &mut Read, id: PaymentId) -> Result<(i64, Option<Status>)> {
    let row = read.first(
        "select seq, to_status from payment_trail where tenant_id = $1 and payment_id = $2
         order by seq desc limit 1",
        params![id],
    )?;
    match row {
        Some(row) => Ok((row.get::<i64>(0)? + 1, Some(row.word(1)?))),
        None => Ok((1, None)),
    }
}
