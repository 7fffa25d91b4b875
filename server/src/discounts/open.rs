//! Open discounts, whose value is given at the till, and what else a version says beside the engine's rule.

use engine::discount::{Discount as Rule, NotAdmitted, Open};
use engine::money::{Currency, Percent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::DiscountType;
use super::{EditDiscount, Live};
use crate::hall::error::{Error, Field, Result};
use crate::hall::money::{AMOUNT_MAX, Money};

/// A value that the till gives, or a bound of it: a percentage as a decimal, or an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum OpenValue {
    #[schema(value_type = String, example = "12.5")]
    Percent(Percent),
    Amount(Money),
}

impl OpenValue {
    /// Basis points, or minor units.
    pub fn scaled(&self) -> i64 {
        match self {
            OpenValue::Percent(percent) => percent.scaled(),
            OpenValue::Amount(money) => money.amount,
        }
    }

    pub(super) fn fits(&self, kind: DiscountType) -> bool {
        match self {
            OpenValue::Percent(_) => kind == DiscountType::Percentage,
            OpenValue::Amount(_) => kind == DiscountType::FixedAmount,
        }
    }
}

/// What a version says beside the engine's rule; published with it, and as immutable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terms {
    pub max_total_uses: Option<u32>,
    pub max_uses_per_customer: Option<u32>,
    pub comp_reason: Option<String>,
    pub is_open: bool,
    pub min_value: Option<OpenValue>,
    pub max_value: Option<OpenValue>,
    pub value_step: Option<OpenValue>,
}

impl Terms {
    pub fn of(ask: &EditDiscount) -> Terms {
        Terms {
            max_total_uses: ask.max_total_uses,
            max_uses_per_customer: ask.max_uses_per_customer,
            comp_reason: ask.comp_reason.clone(),
            is_open: ask.is_open,
            min_value: ask.min_value.clone(),
            max_value: ask.max_value.clone(),
            value_step: ask.value_step.clone(),
        }
    }

    /// As the engine admits a value; `None` where the rule has its own.
    pub fn open(&self) -> Option<Open> {
        let scaled = |value: &Option<OpenValue>| value.as_ref().map(OpenValue::scaled);
        self.is_open.then(|| Open {
            min_value: scaled(&self.min_value),
            max_value: scaled(&self.max_value),
            value_step: scaled(&self.value_step),
        })
    }

    /// In which the bounds are, where they are amounts.
    pub fn currency(&self) -> Option<&str> {
        let bounds = [&self.min_value, &self.max_value, &self.value_step];
        bounds.into_iter().find_map(|bound| match bound {
            Some(OpenValue::Amount(money)) => Some(money.currency.as_str()),
            _ => None,
        })
    }
}

impl Live {
    /// The rule with the most that staff may give, or as it is where it has its own.
    pub fn at_most(&self, currency: Currency) -> Rule {
        let rule = Rule::clone(&self.rule);
        let Some(open) = self.open else { return rule };
        let currency = self.value_currency.unwrap_or(currency);
        match rule.kind {
            engine::discount::Type::Percentage => Rule {
                percent: open.max_value.map_or(Some(Percent::HUNDRED), |most| {
                    Percent::from_scaled(most).ok()
                }),
                ..rule
            },
            _ => Rule {
                amount: Some(engine::money::Money::new(
                    open.max_value.unwrap_or(AMOUNT_MAX),
                    currency,
                )),
                ..rule
            },
        }
    }

    /// The rule with the value that staff gave, or as it is where it has its own.
    ///
    /// # Errors
    /// `Invalid` with the pointer `/value` where the rule wants one and has none, has one and wants none, or
    /// where it is out of bounds.
    pub fn valued(&self, value: Option<&OpenValue>, currency: Currency) -> Result<Rule> {
        let rule = Rule::clone(&self.rule);
        let wrong =
            |code: &str, said: String| Err(Error::Invalid(vec![Field::new("/value", code, said)]));
        let (open, value) = match (self.open, value) {
            (None, None) => return Ok(rule),
            (None, Some(_)) => {
                return wrong("not_allowed", "This discount has its own value.".into());
            }
            (Some(_), None) => {
                return wrong("missing", "Send the value that it shall have.".into());
            }
            (Some(open), Some(value)) => (open, value),
        };
        let valued = match (value, rule.kind) {
            (OpenValue::Percent(percent), engine::discount::Type::Percentage) => Rule {
                percent: Some(*percent),
                ..rule
            },
            (OpenValue::Amount(money), engine::discount::Type::FixedAmount) => {
                let is_other = money.currency != currency.code()
                    || self.value_currency.is_some_and(|bounds| bounds != currency);
                if is_other {
                    return wrong(
                        "currency_mismatch",
                        format!("Send an amount in {currency}."),
                    );
                }
                Rule {
                    amount: Some(money.known()?),
                    ..rule
                }
            }
            (_, engine::discount::Type::Percentage) => {
                let said = "Send a percentage as a decimal string, like \"12.5\".";
                return wrong("wrong_type", said.into());
            }
            _ => return wrong("wrong_type", "Send an amount with its currency.".into()),
        };
        let shown = |scaled: i64| shown(value, scaled);
        match open.admit(value.scaled()) {
            Ok(()) if value.scaled() > 0 => Ok(valued),
            Ok(()) => wrong("out_of_range", "Send more than nothing.".into()),
            Err(NotAdmitted::BelowMin(least)) => {
                wrong("out_of_range", format!("Send at least {}.", shown(least)))
            }
            Err(NotAdmitted::AboveMax(most)) => {
                wrong("out_of_range", format!("Send at most {}.", shown(most)))
            }
            Err(NotAdmitted::OffStep(step)) => {
                let from = shown(open.min_value.unwrap_or(0));
                let said = format!("Send {from}, or more in steps of {}.", shown(step));
                wrong("out_of_range", said)
            }
        }
    }
}

/// A bound in the manner of the value, as a person reads it.
fn shown(value: &OpenValue, scaled: i64) -> String {
    match value {
        OpenValue::Percent(_) => Percent::from_scaled(scaled)
            .map_or_else(|_| String::new(), |bound| format!("{bound} %")),
        OpenValue::Amount(money) => Money::of(scaled, &money.currency).plain(),
    }
}
