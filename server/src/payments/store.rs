use super::{Payment, Taking, Transition};
use crate::hall::error::Result;
use crate::hall::id::PaymentId;
use crate::hall::money::Money;
use crate::hall::store::{Read, Row, Tx, Value, word};
use crate::params;

pub fn insert(tx: &mut Tx, id: PaymentId, taking: &Taking, actor: &str) -> Result<()> {
    tx.queue(
        "insert into payments (tenant_id, payment_id, venue_id, subject_kind, subject_id, kind, method,
           status, amount, tip, rounding, currency, reporting_amount, external_id, taken_by, at)
         values ($1, $2, $3, $4, $5, $6, $7, 'SUCCEEDED', $8, $9, $10, $11, $12, $13, $14, $15)",
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
            &taking.external_id,
            actor,
            taking.at
        ],
    )
}

pub fn append(tx: &mut Tx, id: PaymentId, seq: i64, transition: &Transition) -> Result<()> {
    let from: Value = transition.from.as_ref().map(word).transpose()?.into();
    tx.queue(
        "insert into payment_trail (tenant_id, payment_id, seq, at, actor, action, from_status, to_status)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            id,
            seq,
            transition.at,
            &transition.actor,
            &transition.action,
            from,
            word(&transition.to)?
        ],
    )
}

pub fn of(read: &mut Read, subject_id: &str) -> Result<Vec<Payment>> {
    let rows = read.query(
        "select payment_id, kind, method, status, amount, tip, rounding, currency, parent_id, external_id,
           taken_by, at
         from payments where tenant_id = $1 and subject_id = $2 order by payment_id",
        params![subject_id],
    )?;
    let mut payments = rows.iter().map(payment).collect::<Result<Vec<Payment>>>()?;
    if payments.is_empty() {
        return Ok(payments);
    }
    let trails = read.query(
        "select t.payment_id, t.at, t.actor, t.action, t.from_status, t.to_status
         from payment_trail t join payments p on p.tenant_id = t.tenant_id and p.payment_id = t.payment_id
         where t.tenant_id = $1 and p.subject_id = $2 order by t.payment_id, t.seq",
        params![subject_id],
    )?;
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
        parent_payment_id: row.get(8)?,
        external_id: row.get(9)?,
        taken_by: row.get(10)?,
        at: row.get(11)?,
        audit_trail: Vec::new(),
    })
}

fn transition(row: &Row) -> Result<Transition> {
    let from: Option<String> = row.get(4)?;
    Ok(Transition {
        at: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        from: from
            .as_deref()
            .map(crate::hall::store::from_word)
            .transpose()?,
        to: row.word(5)?,
    })
}
