use super::{TraceCode, Wording, hours};

const DAYS: [&str; 7] = ["sön", "mån", "tis", "ons", "tors", "fre", "lör"];

pub(super) fn say(code: &TraceCode, wording: Wording<'_>) -> String {
    let money = |amount: &i64| (wording.money)(*amount);
    match code {
        TraceCode::Applied { saving, .. } => format!("Rabatten ger {} av.", money(saving)),
        TraceCode::Capped { asked, cap } => {
            format!(
                "Rabatten skulle ha gett {}, men ger högst {}.",
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
            "En vara är alkohol, och den får enligt lag inte ingå.".into()
        }
        TraceCode::RegulatedItem { units } => {
            format!("{units} av varorna är alkohol, och de får enligt lag inte ingå.")
        }
        TraceCode::Inactive => "Erbjudandet är avstängt.".into(),
        TraceCode::Incomplete => {
            "Erbjudandet är inte färdiginställt; be en chef titta på det.".into()
        }
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
            "Det gäller bara första köpet, och gästen har varit här förut.".into()
        }
        TraceCode::OtherVariant { .. } => "Gästen har en annan variant av erbjudandet.".into(),
        TraceCode::UsesSpent => "Det är redan använt så många gånger som det går.".into(),
        TraceCode::CustomerUsesSpent => {
            "Gästen har redan använt det så många gånger som en gäst får.".into()
        }
        TraceCode::ApprovalRequired => "En chef behöver godkänna rabatten.".into(),
        TraceCode::NotYetValid { from } => format!("Rabatten börjar gälla {from}."),
        TraceCode::NoLongerValid { until } => format!("Rabatten gällde till {until}."),
        TraceCode::OutsideTimeWindow { .. } => {
            format!("Rabatten gäller bara {}.", hours(code, DAYS))
        }
        TraceCode::MinPurchaseNotMet { short } => {
            format!("Handla för {} till, så gäller rabatten.", money(short))
        }
        TraceCode::MinQuantityNotMet { short } => {
            format!("Lägg till {short} till, så gäller rabatten.")
        }
        TraceCode::NoMatchingItem => "Inget på notan ingår i erbjudandet.".into(),
        TraceCode::SetIncomplete => "Det saknas något för att paketet ska vara komplett.".into(),
        TraceCode::MinimumPoints { minimum } => {
            format!("Poäng kan lösas in från {minimum} och uppåt.")
        }
        TraceCode::NotEnoughPoints { available } => {
            format!("Gästen har {available} poäng att använda.")
        }
        TraceCode::ExcludedBy {
            discount_id,
            its_saving,
            this_saving,
        } => format!(
            "Den går inte ihop med {}, som redan ger {} av; den här skulle ge {}.",
            (wording.name)(discount_id),
            money(its_saving),
            money(this_saving)
        ),
        TraceCode::NoSaving => "Den skulle inte ge något avdrag på den här notan.".into(),
    }
}
