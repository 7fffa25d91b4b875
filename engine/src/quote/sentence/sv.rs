use super::{Language, TraceCode, Wording, hours};
use crate::speech::points;
use crate::window::Bound;

const LANGUAGE: Language = Language::Sv;

pub(super) fn say(code: &TraceCode, wording: Wording<'_>) -> String {
    let money = |amount: &i64| (wording.money)(*amount);
    match code {
        TraceCode::Applied { saving, .. } => format!("Rabatten drar av {}.", money(saving)),
        TraceCode::Capped { asked, cap } => {
            format!(
                "Rabatten skulle ha dragit av {}, men drar av högst {}.",
                money(asked),
                money(cap)
            )
        }
        TraceCode::Clamped { asked, given } => {
            format!(
                "Rabatten är värd {}, men det fanns bara {} kvar att dra den från.",
                money(asked),
                money(given)
            )
        }
        TraceCode::PointsTrimmed { asked, taken } => {
            format!("{taken} av {asked} poäng räckte; resten ligger kvar på kontot.")
        }
        TraceCode::RegulatedItem { units: 1 } => {
            "En vara är alkohol och ingår inte i erbjudandet.".into()
        }
        TraceCode::RegulatedItem { units } => {
            format!("{units} av varorna är alkohol och ingår inte i erbjudandet.")
        }
        TraceCode::Inactive => "Erbjudandet är avstängt.".into(),
        TraceCode::Incomplete => "Erbjudandet är inte färdigt; be en chef titta på det.".into(),
        TraceCode::OtherCurrency => "Erbjudandet gäller i en annan valuta.".into(),
        TraceCode::CustomerRequired => {
            "Lägg till gästen på notan först; erbjudandet är personligt.".into()
        }
        TraceCode::NotInGroup { .. } => {
            "Gästen är inte med i gruppen som erbjudandet gäller för.".into()
        }
        TraceCode::NotInSegment { .. } => {
            "Gästen hör inte till dem som erbjudandet gäller för.".into()
        }
        TraceCode::NotForThisCustomer => "Erbjudandet tillhör en annan gäst.".into(),
        TraceCode::FirstPurchaseOnly { .. } => {
            "Erbjudandet gäller det första köpet, och gästen har redan gjort ett.".into()
        }
        TraceCode::OtherVariant { .. } => "Gästen har en annan variant av erbjudandet.".into(),
        TraceCode::UsesSpent => "Det är redan använt så många gånger som det går.".into(),
        TraceCode::CustomerUsesSpent => {
            "Gästen har redan använt det så många gånger som en gäst får.".into()
        }
        TraceCode::ApprovalRequired => "En chef behöver godkänna rabatten.".into(),
        TraceCode::NotYetValid { from } => {
            format!(
                "Rabatten börjar gälla den {}.",
                wording.bound(*from, LANGUAGE)
            )
        }
        TraceCode::NoLongerValid { until } => {
            let till = match until {
                Bound::Day(_) => "till och med",
                Bound::Instant(_) => "till",
            };
            format!(
                "Rabatten gällde {till} den {}.",
                wording.bound(*until, LANGUAGE)
            )
        }
        TraceCode::OutsideTimeWindow {
            days_of_week,
            time_from,
            time_until,
        } => {
            let hours = hours(*days_of_week, *time_from, *time_until, LANGUAGE);
            format!("Rabatten gäller bara {hours}.")
        }
        TraceCode::MinPurchaseNotMet { short } => {
            format!("Handla för {} till, så gäller rabatten.", money(short))
        }
        TraceCode::MinQuantityNotMet { short } => {
            format!("Ta {short} till, så gäller rabatten.")
        }
        TraceCode::NoMatchingItem => "Inget på notan ingår i erbjudandet.".into(),
        TraceCode::SetIncomplete => "Det saknas något för att paketet ska vara komplett.".into(),
        TraceCode::MinimumPoints { minimum } => {
            format!(
                "Minst {} för att lösa in.",
                points(&minimum.to_string(), LANGUAGE)
            )
        }
        TraceCode::NotEnoughPoints { available } => {
            format!(
                "Gästen har {} att använda.",
                points(&available.to_string(), LANGUAGE)
            )
        }
        TraceCode::ExcludedBy {
            discount_id,
            its_saving,
            this_saving,
        } => format!(
            "Den kan inte kombineras med {}, som redan drar av {}; den här skulle dra av {}.",
            (wording.name)(discount_id),
            money(its_saving),
            money(this_saving)
        ),
        TraceCode::NoSaving => "Den skulle inte dra av något på den här notan.".into(),
    }
}
