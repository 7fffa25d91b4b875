//! Experiments: which share of customers each variant has.
//!
//! A share is a range of the hash, given out when a variant is first published and kept for the experiment's
//! life, so that a customer stays in the variant in which they once were. Ranges lie end to end and never overlap;
//! what is left over belongs to nobody, which is the control. Discounts of one variant have one range.

use engine::discount::Experiment;
use engine::money::Percent;

use super::{EditDiscount, store};
use crate::hall::error::{Error, Field, Result};
use crate::hall::store::Tx;

/// The range of the variant that the command names, given out now if it is new.
///
/// # Errors
/// `Invalid` where the variant has another share already, or the experiment has less left.
pub fn claim(tx: &mut Tx, ask: &EditDiscount) -> Result<Option<Box<Experiment>>> {
    let (Some(id), Some(variant), Some(share)) = (
        ask.experiment_id.as_deref().map(str::trim),
        ask.variant.as_deref().map(str::trim),
        ask.allocation_percent,
    ) else {
        return Ok(None);
    };
    if store::variant(tx, id, variant)?.is_none() {
        store::add_variant(tx, id, variant, share.scaled())?;
    }
    let wrong = |code: &str, said: String| {
        Err(Error::Invalid(vec![Field::new(
            "/allocationPercent",
            code,
            said,
        )]))
    };
    let Some((from, until)) = store::variant(tx, id, variant)? else {
        let left = Percent::HUNDRED.scaled() - store::allocated(tx, id)?;
        let left = Percent::from_scaled(left).map_err(Error::bug)?;
        return wrong("out_of_range", format!("The experiment has {left} % left."));
    };
    if until - from != share.scaled() {
        let own = Percent::from_scaled(until - from).map_err(Error::bug)?;
        let said = format!(
            "The variant has {own} % for the experiment's life: send that, or name another."
        );
        return wrong("not_allowed", said);
    }
    Ok(Some(Box::new(Experiment {
        experiment_id: id.into(),
        variant: variant.to_owned(),
        from_percent: Percent::from_scaled(from).map_err(Error::bug)?,
        until_percent: Percent::from_scaled(until).map_err(Error::bug)?,
    })))
}
