//! Open discounts: the value is given at the till, within bounds and steps.

use serde::{Deserialize, Serialize};

/// Bounds of a value, in minor units for an amount and basis points for a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    pub min_value: Option<i64>,
    pub max_value: Option<i64>,
    pub value_step: Option<i64>,
}

/// Why a value is not taken, with the figure to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    BelowMin(i64),
    AboveMax(i64),
    OffStep(i64),
}

impl Open {
    /// Steps count from the minimum, or from zero where there is none.
    pub fn admit(&self, value: i64) -> Result<(), NotAdmitted> {
        let least = self.min_value.unwrap_or(0);
        if value < least {
            return Err(NotAdmitted::BelowMin(least));
        }
        if let Some(most) = self.max_value
            && value > most
        {
            return Err(NotAdmitted::AboveMax(most));
        }
        match self.value_step {
            Some(step)
                if step > 0 && (i128::from(value) - i128::from(least)) % i128::from(step) != 0 =>
            {
                Err(NotAdmitted::OffStep(step))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_within_its_bounds_and_on_its_steps() {
        let open = Open {
            min_value: Some(500),
            max_value: Some(2_000),
            value_step: Some(250),
        };
        for (value, outcome) in [
            (500, Ok(())),
            (1_250, Ok(())),
            (2_000, Ok(())),
            (499, Err(NotAdmitted::BelowMin(500))),
            (2_001, Err(NotAdmitted::AboveMax(2_000))),
            (600, Err(NotAdmitted::OffStep(250))),
        ] {
            assert_eq!(open.admit(value), outcome, "{value}");
        }
        let free = Open {
            min_value: None,
            max_value: None,
            value_step: None,
        };
        assert_eq!(
            (free.admit(1), free.admit(-1)),
            (Ok(()), Err(NotAdmitted::BelowMin(0)))
        );
    }
}
