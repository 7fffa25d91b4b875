use super::{Language, TraceCode, Wording, hours};
use crate::speech::points;

const LANGUAGE: Language = Language::En;

pub(super) fn say(code: &TraceCode, wording: Wording<'_>) -> String {
    let money = |amount: &i64| (wording.money)(*amount);
    match code {
        TraceCode::Applied { saving, .. } => format!("It takes off {}.", money(saving)),
        TraceCode::Capped { asked, cap } => {
            format!(
                "It would have taken off {}, but stops at {}.",
                money(asked),
                money(cap)
            )
        }
        TraceCode::Clamped { asked, given } => {
            format!(
                "It is worth {}, but there was only {} left to take it from.",
                money(asked),
                money(given)
            )
        }
        TraceCode::PointsTrimmed { asked, taken: 1 } => {
            format!("1 of the {asked} points was enough; the others stay on the account.")
        }
        TraceCode::PointsTrimmed { asked, taken } => {
            format!("{taken} of the {asked} points were enough; the others stay on the account.")
        }
        TraceCode::RegulatedItem { units: 1 } => {
            "One item is alcohol, which this offer leaves out.".into()
        }
        TraceCode::RegulatedItem { units } => {
            format!("{units} of the items are alcohol, which this offer leaves out.")
        }
        TraceCode::Inactive => "This offer is switched off.".into(),
        TraceCode::Incomplete => {
            "This offer is not set up completely; ask a manager to look at it.".into()
        }
        TraceCode::OtherCurrency => "This offer is in another currency.".into(),
        TraceCode::CustomerRequired => {
            "Add the guest to the order first; this offer is personal.".into()
        }
        TraceCode::NotInGroup { .. } => {
            "The guest is not in the group that this offer is for.".into()
        }
        TraceCode::NotInSegment { .. } => {
            "The guest is not among those that this offer is for.".into()
        }
        TraceCode::NotForThisCustomer => "This offer belongs to another guest.".into(),
        TraceCode::FirstPurchaseOnly { .. } => {
            "This one is for a first purchase, and the guest has one already.".into()
        }
        TraceCode::OtherVariant { .. } => "The guest sees another version of this offer.".into(),
        TraceCode::UsesSpent => "It has been used as often as it can be.".into(),
        TraceCode::CustomerUsesSpent => "The guest has used it as often as one guest can.".into(),
        TraceCode::ApprovalRequired => "A manager has to approve this one.".into(),
        TraceCode::NotYetValid { from } => {
            format!("It starts on {}.", wording.bound(*from, LANGUAGE))
        }
        TraceCode::NoLongerValid { until } => {
            format!("It was valid until {}.", wording.bound(*until, LANGUAGE))
        }
        TraceCode::OutsideTimeWindow {
            days_of_week,
            time_from,
            time_until,
        } => {
            let hours = hours(*days_of_week, *time_from, *time_until, LANGUAGE);
            format!("It only applies {hours}.")
        }
        TraceCode::MinPurchaseNotMet { short } => {
            format!("Spend {} more and this one applies.", money(short))
        }
        TraceCode::MinQuantityNotMet { short } => format!("Add {short} more and this one applies."),
        TraceCode::NoMatchingItem => "Nothing on the order is part of this offer.".into(),
        TraceCode::SetIncomplete => "The order does not hold a complete set yet.".into(),
        TraceCode::MinimumPoints { minimum } => {
            format!(
                "Minimum {} to redeem.",
                points(&minimum.to_string(), LANGUAGE)
            )
        }
        TraceCode::NotEnoughPoints { available } => {
            format!(
                "The guest has {} to spend.",
                points(&available.to_string(), LANGUAGE)
            )
        }
        TraceCode::ExcludedBy {
            discount_id,
            its_saving,
            this_saving,
        } => format!(
            "It does not combine with {}, which already takes off {}; this one would take off {}.",
            (wording.name)(discount_id),
            money(its_saving),
            money(this_saving)
        ),
        TraceCode::NoSaving => "It would not take anything off this order.".into(),
    }
}
