//! What a rule speaks of, looked up once per rule: ids are compared here and nowhere later.

use smallvec::SmallVec;

use super::table::{Goods, Shelf};
use crate::discount::{Discount, Scope};
use crate::id::{CategoryId, ProductId};
use crate::order::Modifier;

type Places = SmallVec<[usize; 8]>;

/// The goods of an order that a rule may reach, by their places.
#[derive(Clone)]
pub(crate) enum Targets {
    All,
    Only(Places),
}

impl Targets {
    /// None where the order holds nothing that the rule speaks of.
    pub fn of(discount: &Discount, shelf: &Shelf<'_>) -> Option<Self> {
        let mut found = Places::new();
        match discount.scope {
            Scope::Item => add_products(&discount.target_item_ids, shelf, &mut found),
            Scope::Category => add_categories(&discount.target_category_ids, shelf, &mut found),
            Scope::Modifier | Scope::ModifierGroup => {
                let targeted = |goods: &Goods<'_>| {
                    goods
                        .line
                        .modifiers
                        .iter()
                        .any(|one| is_modifier(discount, one))
                };
                found.extend((0..shelf.goods.len()).filter(|&place| targeted(&shelf.goods[place])));
            }
            Scope::Combo => {
                for item in &discount.combo_items {
                    add_products(item.product_id.as_slice(), shelf, &mut found);
                    add_categories(item.category_id.as_slice(), shelf, &mut found);
                }
            }
            Scope::Order | Scope::CustomerGroup | Scope::Tier | Scope::Quantity => {
                add_products(&discount.target_item_ids, shelf, &mut found);
                add_categories(&discount.target_category_ids, shelf, &mut found);
                add_products(&discount.buy_item_ids, shelf, &mut found);
                add_products(&discount.get_item_ids, shelf, &mut found);
            }
        }
        if reaches_all(discount) {
            return Some(Self::All);
        }
        found.sort_unstable();
        found.dedup();
        (!found.is_empty()).then_some(Self::Only(found))
    }

    /// Whether it holds these goods; asked in their order, `next` remembering where it stood.
    pub fn holds(&self, goods: usize, next: &mut usize) -> bool {
        let Self::Only(places) = self else {
            return true;
        };
        while places.get(*next).is_some_and(|&place| place < goods) {
            *next += 1;
        }
        places.get(*next) == Some(&goods)
    }
}

/// A rule that names nothing speaks of everything; of a bundle, it is what may be bought that counts.
fn reaches_all(discount: &Discount) -> bool {
    let (items, categories) = (
        discount.target_item_ids.is_empty(),
        discount.target_category_ids.is_empty(),
    );
    match discount.scope {
        Scope::Item => items,
        Scope::Category => categories,
        Scope::Modifier | Scope::ModifierGroup | Scope::Combo => false,
        Scope::Order | Scope::CustomerGroup | Scope::Tier | Scope::Quantity => {
            items && categories && discount.buy_item_ids.is_empty()
        }
    }
}

pub(crate) fn is_modifier(discount: &Discount, modifier: &Modifier) -> bool {
    match discount.scope {
        Scope::Modifier => discount.target_modifier_ids.contains(&modifier.id),
        _ => modifier
            .group_id
            .as_ref()
            .is_some_and(|id| discount.target_modifier_group_ids.contains(id)),
    }
}

fn add_products(ids: &[ProductId], shelf: &Shelf<'_>, found: &mut Places) {
    for id in ids {
        found.extend(shelf.products.places(id.as_bytes()));
    }
}

fn add_categories(ids: &[CategoryId], shelf: &Shelf<'_>, found: &mut Places) {
    for id in ids {
        found.extend(shelf.categories.places(id.as_bytes()));
    }
}
