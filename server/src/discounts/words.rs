//! The closed sets of a discount as the API takes them: the engine's, less what is never published.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($($(#[$about:meta])* $name:ident from $engine:path { $first:ident $(, $word:ident)* };)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum $name { #[default] $first $(, $word)* }

        impl From<$name> for $engine {
            fn from(word: $name) -> $engine {
                use $engine as Engine;
                match word {
                    $name::$first => Engine::$first,
                    $($name::$word => Engine::$word,)*
                }
            }
        }
    )*};
}

words! {
    /// What kind of amount it takes off.
    DiscountType from engine::discount::Type { Percentage, FixedAmount, Comp };
    /// What part of the order it looks at.
    DiscountScope from engine::discount::Scope {
        Order, Item, Category, Modifier, ModifierGroup, CustomerGroup, Quantity, Combo
    };
    /// What a percentage is taken of: what is left by then, or the list price.
    Base from engine::discount::Base { Running, List };
    /// Whether a fixed amount is taken off each unit, or off the order once.
    FixedPer from engine::discount::FixedPer { Unit, Order };
    /// Whether the tax follows what is paid, or stays as if there were no discount.
    TaxBasis from engine::discount::TaxBasis { Discounted, Undiscounted };
}
