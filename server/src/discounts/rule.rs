//! A command as the engine's rule, and a stored rule as it is shown.

use std::ops::Deref;

use engine::discount::{ComboItem as Component, Discount as Rule, Experiment, TaxBasis as Basis};
use engine::money::Percent;
use jiff::Timestamp;

use super::command::ComboItem;
use super::open::Terms;
use super::words::TaxBasis;
use super::{Discount, EditDiscount};
use crate::hall::error::{Error, Field, Result};
use crate::hall::id::{DiscountId, Id, VenueId};
use crate::hall::money::Money;
use crate::hall::store::{from_word, word};

fn known(money: &Option<Money>) -> Result<Option<engine::money::Money>> {
    money.as_ref().map(Money::known).transpose()
}

fn texts<I: Id, T: From<String>>(ids: &[I]) -> Vec<T> {
    ids.iter().map(|id| id.to_string().into()).collect()
}

fn ids<T: Deref<Target = str>, I: Id>(texts: &[T]) -> Result<Vec<I>> {
    let parsed = texts.iter().map(|text| text.parse());
    parsed.collect::<Result<_, _>>().map_err(Error::bug)
}

fn id<I: Id>(text: Option<&str>) -> Result<Option<I>> {
    text.map(str::parse).transpose().map_err(Error::bug)
}

impl EditDiscount {
    /// The version as the engine reads it.
    pub(super) fn rule(
        &self,
        id: DiscountId,
        version: i64,
        experiment: Option<Box<Experiment>>,
    ) -> Result<Rule> {
        let basis = self.basis().map_err(|field| Error::Invalid(vec![field]))?;
        let component = |item: &ComboItem| Component {
            product_id: item.product_id.map(|id| id.to_string().into()),
            category_id: item.category_id.map(|id| id.to_string().into()),
            quantity: item.quantity,
        };
        Ok(Rule {
            id: id.to_string().into(),
            version: u32::try_from(version).map_err(Error::bug)?,
            name: self.name.trim().to_owned(),
            is_active: self.active,
            kind: self.kind.into(),
            percent: self.percent,
            amount: known(&self.amount)?,
            fixed_per: self.fixed_per.map(Into::into),
            scope: self.scope.into(),
            target_item_ids: texts(&self.target_item_ids),
            target_category_ids: texts(&self.target_category_ids),
            target_modifier_ids: texts(&self.target_modifier_ids),
            target_modifier_group_ids: texts(&self.target_modifier_group_ids),
            customer_group_id: self.customer_group_id.map(|id| id.to_string().into()),
            segment_id: None,
            customer_ids: texts(&self.customer_ids),
            is_automatic: self.is_automatic,
            priority: self.priority,
            base: self.base.into(),
            min_purchase_amount: known(&self.min_purchase_amount)?,
            min_quantity: self.min_quantity,
            max_discount_amount: known(&self.max_discount_amount)?,
            buy_quantity: self.buy_quantity,
            get_quantity: self.get_quantity,
            get_discount_percent: self.get_discount_percent,
            buy_item_ids: texts(&self.buy_item_ids),
            get_item_ids: texts(&self.get_item_ids),
            max_sets: self.max_sets,
            combo_items: self.combo_items.iter().map(component).collect(),
            combo_price: known(&self.combo_price)?,
            combo_percent: self.combo_percent,
            combo_amount_off: known(&self.combo_amount_off)?,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            days_of_week: self.days_of_week,
            time_from: self.time_from,
            time_until: self.time_until,
            requires_approval: self.requires_approval,
            tax_basis: basis.into(),
            is_stackable: self.is_stackable,
            experiment,
        })
    }

    /// One word from the word or from the two flags.
    pub(super) fn basis(&self) -> Result<TaxBasis, Field> {
        let flags = match (self.apply_before_tax, self.modify_tax_basis) {
            (None, None) => return Ok(self.tax_basis.unwrap_or_default()),
            (before, modify) => {
                let before = before.unwrap_or(true);
                Basis::from_flags(before, modify.unwrap_or(before))
            }
        };
        let flags = match flags {
            Some(Basis::Discounted) => TaxBasis::Discounted,
            Some(Basis::Undiscounted) => TaxBasis::Undiscounted,
            None => {
                let said = "A discount after the tax does not change what is taxed: send false.";
                return Err(Field::new("/modifyTaxBasis", "contradiction", said));
            }
        };
        if self.tax_basis.is_some_and(|basis| basis != flags) {
            let said = "Send taxBasis or the two flags, or let them say the same.";
            return Err(Field::new("/taxBasis", "contradiction", said));
        }
        Ok(flags)
    }
}

/// What is stored of a discount beside the rule of its version.
pub(super) struct Stored {
    pub id: DiscountId,
    pub version: i64,
    pub description: Option<String>,
    pub label_color: Option<String>,
    pub venue_ids: Vec<VenueId>,
    pub active: bool,
    pub current_uses: i64,
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Discount {
    /// As it is shown.
    pub(super) fn of(stored: Stored, rule: &Rule, terms: &Terms) -> Result<Discount> {
        let is_discounted = rule.tax_basis == Basis::Discounted;
        let is_fixed = rule.kind == engine::discount::Type::FixedAmount && !rule.is_bundle();
        let share = |experiment: &Experiment| {
            let (from, until) = (experiment.from_percent, experiment.until_percent);
            Percent::from_scaled(until.scaled() - from.scaled()).map_err(Error::bug)
        };
        let experiment = rule.experiment.as_deref();
        Ok(Discount {
            id: stored.id,
            version: stored.version,
            name: rule.name.clone(),
            description: stored.description,
            label_color: stored.label_color,
            venue_ids: stored.venue_ids,
            active: stored.active,
            kind: from_word(&word(&rule.kind)?)?,
            percent: rule.percent,
            amount: rule.amount.map(Money::from),
            fixed_per: is_fixed
                .then(|| from_word(&word(&rule.fixed_per())?))
                .transpose()?,
            scope: from_word(&word(&rule.scope)?)?,
            target_item_ids: ids(&rule.target_item_ids)?,
            target_category_ids: ids(&rule.target_category_ids)?,
            target_modifier_ids: ids(&rule.target_modifier_ids)?,
            target_modifier_group_ids: ids(&rule.target_modifier_group_ids)?,
            customer_group_id: id(rule.customer_group_id.as_deref())?,
            customer_ids: ids(&rule.customer_ids)?,
            is_automatic: rule.is_automatic,
            priority: rule.priority,
            base: from_word(&word(&rule.base)?)?,
            min_purchase_amount: rule.min_purchase_amount.map(Money::from),
            min_quantity: rule.min_quantity,
            max_discount_amount: rule.max_discount_amount.map(Money::from),
            buy_quantity: rule.buy_quantity,
            get_quantity: rule.get_quantity,
            get_discount_percent: rule
                .buy_quantity
                .map(|_| rule.get_discount_percent.unwrap_or(Percent::HUNDRED)),
            buy_item_ids: ids(&rule.buy_item_ids)?,
            get_item_ids: ids(&rule.get_item_ids)?,
            max_sets: rule.max_sets,
            combo_items: rule
                .combo_items
                .iter()
                .map(component)
                .collect::<Result<_>>()?,
            combo_price: rule.combo_price.map(Money::from),
            combo_percent: rule.combo_percent,
            combo_amount_off: rule.combo_amount_off.map(Money::from),
            valid_from: rule.valid_from,
            valid_until: rule.valid_until,
            days_of_week: rule.days_of_week,
            time_from: rule.time_from,
            time_until: rule.time_until,
            max_total_uses: terms.max_total_uses,
            max_uses_per_customer: terms.max_uses_per_customer,
            requires_approval: rule.requires_approval,
            comp_reason: terms.comp_reason.clone(),
            is_open: terms.is_open,
            min_value: terms.min_value.clone(),
            max_value: terms.max_value.clone(),
            value_step: terms.value_step.clone(),
            tax_basis: if is_discounted {
                TaxBasis::Discounted
            } else {
                TaxBasis::Undiscounted
            },
            apply_before_tax: is_discounted,
            modify_tax_basis: is_discounted,
            is_stackable: rule.is_stackable,
            experiment_id: experiment.map(|one| one.experiment_id.to_string()),
            variant: experiment.map(|one| one.variant.clone()),
            allocation_percent: experiment.map(share).transpose()?,
            current_uses: stored.current_uses,
            archived_at: stored.archived_at,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        })
    }
}

fn component(item: &Component) -> Result<ComboItem> {
    Ok(ComboItem {
        product_id: id(item.product_id.as_deref())?,
        category_id: id(item.category_id.as_deref())?,
        quantity: item.quantity,
    })
}
