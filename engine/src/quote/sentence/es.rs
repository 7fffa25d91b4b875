use super::{Language, TraceCode, Wording, hours};
use crate::speech::points;

const LANGUAGE: Language = Language::Es;

pub(super) fn say(code: &TraceCode, wording: Wording<'_>) -> String {
    let money = |amount: &i64| (wording.money)(*amount);
    match code {
        TraceCode::Applied { saving, .. } => format!("Descuenta {}.", money(saving)),
        TraceCode::Capped { asked, cap } => {
            format!(
                "Habría descontado {}, pero llega como máximo a {}.",
                money(asked),
                money(cap)
            )
        }
        TraceCode::Clamped { asked, given } => {
            format!(
                "Vale {}, pero solo quedaban {} de donde descontar.",
                money(asked),
                money(given)
            )
        }
        TraceCode::PointsTrimmed { asked, taken: 1 } => {
            format!("De los {asked} puntos bastó 1; los demás siguen en la cuenta.")
        }
        TraceCode::PointsTrimmed { asked, taken } => {
            format!("De los {asked} puntos bastaron {taken}; los demás siguen en la cuenta.")
        }
        TraceCode::RegulatedItem { units: 1 } => {
            "Un artículo es alcohol y queda fuera de esta oferta.".into()
        }
        TraceCode::RegulatedItem { units } => {
            format!("{units} artículos son alcohol y quedan fuera de esta oferta.")
        }
        TraceCode::Inactive => "Esta oferta está desactivada.".into(),
        TraceCode::Incomplete => {
            "Esta oferta está a medio configurar; pide a un encargado que la revise.".into()
        }
        TraceCode::OtherCurrency => "Esta oferta está en otra moneda.".into(),
        TraceCode::CustomerRequired => "Añade primero al cliente: esta oferta es personal.".into(),
        TraceCode::NotInGroup { .. } => "El cliente no está en el grupo de esta oferta.".into(),
        TraceCode::NotInSegment { .. } => "El cliente no es de los que tienen esta oferta.".into(),
        TraceCode::NotForThisCustomer => "Esta oferta es de otro cliente.".into(),
        TraceCode::FirstPurchaseOnly { .. } => {
            "Es para la primera compra, y el cliente ya tiene una.".into()
        }
        TraceCode::OtherVariant { .. } => "El cliente tiene otra versión de esta oferta.".into(),
        TraceCode::UsesSpent => "Ya se ha usado todas las veces posibles.".into(),
        TraceCode::CustomerUsesSpent => {
            "El cliente ya la ha usado todas las veces que puede.".into()
        }
        TraceCode::ApprovalRequired => "La tiene que autorizar un encargado.".into(),
        TraceCode::NotYetValid { from } => {
            format!("Empieza el {}.", wording.bound(*from, LANGUAGE))
        }
        TraceCode::NoLongerValid { until } => {
            format!("Fue válida hasta el {}.", wording.bound(*until, LANGUAGE))
        }
        TraceCode::OutsideTimeWindow {
            days_of_week,
            time_from,
            time_until,
        } => {
            let hours = hours(*days_of_week, *time_from, *time_until, LANGUAGE);
            format!("Solo se aplica {hours}.")
        }
        TraceCode::MinPurchaseNotMet { short } => {
            format!("Con {} más de compra se aplica.", money(short))
        }
        TraceCode::MinQuantityNotMet { short } => format!("Añade {short} más y se aplica."),
        TraceCode::NoMatchingItem => "Nada de la cuenta entra en esta oferta.".into(),
        TraceCode::SetIncomplete => "Falta algo para completar la combinación.".into(),
        TraceCode::MinimumPoints { minimum } => {
            format!(
                "Mínimo {} para canjear.",
                points(&minimum.to_string(), LANGUAGE)
            )
        }
        TraceCode::NotEnoughPoints { available } => {
            format!(
                "El cliente tiene {} para gastar.",
                points(&available.to_string(), LANGUAGE)
            )
        }
        TraceCode::ExcludedBy {
            discount_id,
            its_saving,
            this_saving,
        } => format!(
            "No se combina con {}, que ya descuenta {}; esta descontaría {}.",
            (wording.name)(discount_id),
            money(its_saving),
            money(this_saving)
        ),
        TraceCode::NoSaving => "No descontaría nada en esta cuenta.".into(),
    }
}
