//! What became of a hold that an order kept longer than it may, as a host would say it.

use engine::quote::Language;

use crate::discounts::uses::Spent;

/// What took it.
#[derive(Debug, Clone, Copy)]
pub enum Gone {
    InAll,
    ByCustomer,
    FirstPurchase,
    Points,
}

impl From<Spent> for Gone {
    fn from(spent: Spent) -> Gone {
        match spent {
            Spent::InAll => Gone::InAll,
            Spent::ByCustomer => Gone::ByCustomer,
            Spent::FirstPurchase => Gone::FirstPurchase,
        }
    }
}

impl Gone {
    pub fn said(self, total: &str, language: Language) -> String {
        let why = match (self, language) {
            (Gone::InAll, Language::En) => "others have used the last one since",
            (Gone::InAll, Language::Sv) => "andra har använt den sista sedan dess",
            (Gone::InAll, Language::Es) => "otros ya han usado el último",
            (Gone::ByCustomer, Language::En) => {
                "the guest has used it as often as one guest can since"
            }
            (Gone::ByCustomer, Language::Sv) => {
                "gästen har sedan dess använt den så många gånger som en gäst får"
            }
            (Gone::ByCustomer, Language::Es) => {
                "el cliente ya lo ha usado todas las veces que puede"
            }
            (Gone::FirstPurchase, Language::En) => {
                "the guest has bought with another code for first purchases since"
            }
            (Gone::FirstPurchase, Language::Sv) => {
                "gästen har sedan dess handlat med en annan kod för första köpet"
            }
            (Gone::FirstPurchase, Language::Es) => {
                "el cliente ya ha comprado con otro código de primera compra"
            }
            (Gone::Points, Language::En) => "the guest has spent the points since",
            (Gone::Points, Language::Sv) => "gästen har använt poängen sedan dess",
            (Gone::Points, Language::Es) => "el cliente ya ha gastado los puntos",
        };
        match language {
            Language::En => format!(
                "The order kept its discount longer than it may, and {why}. \
                 Take it off; the order then costs {total}."
            ),
            Language::Sv => format!(
                "Notan höll sin rabatt längre än den får, och {why}. Ta bort den; notan blir då {total}."
            ),
            Language::Es => format!(
                "La cuenta guardó su descuento más tiempo del permitido y {why}. Quítalo; la cuenta queda en {total}."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_told_in_three_languages() {
        for (language, said) in [
            (
                Language::En,
                "The order kept its discount longer than it may, and the guest has spent the points since. \
                 Take it off; the order then costs 50.00 EUR.",
            ),
            (
                Language::Sv,
                "Notan höll sin rabatt längre än den får, och gästen har använt poängen sedan dess. \
                 Ta bort den; notan blir då 50.00 EUR.",
            ),
            (
                Language::Es,
                "La cuenta guardó su descuento más tiempo del permitido y el cliente ya ha gastado los puntos. \
                 Quítalo; la cuenta queda en 50.00 EUR.",
            ),
        ] {
            assert_eq!(Gone::Points.said("50.00 EUR", language), said);
        }
    }
}
