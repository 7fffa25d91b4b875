//! What makes a command no discount: all of it at once, each with its place.

use std::collections::HashSet;

use engine::discount::{Flaw, FlawCode};
use engine::window::Bound;

use super::open::{OpenValue, Terms};
use super::words::DiscountType;
use super::{EditDiscount, store};
use crate::hall::error::{Code, Error, Extra, Field, Result};
use crate::hall::id::{DiscountId, Id as _, VenueId};
use crate::hall::money::Money;
use crate::hall::store::Read;
use crate::hall::text;

const NAME_MAX: usize = 120;
const DESCRIPTION_MAX: usize = 1_000;
const REASON_MAX: usize = 200;
/// Of the names of experiments and variants.
const LABEL_MAX: usize = 60;
const VENUES_MAX: usize = 1_000;
const TARGETS_MAX: usize = 1_000;
const PRIORITY_MAX: i32 = 1_000_000;
/// Of uses, units and sets: as many as the engine counts units of an order, times a town.
const COUNT_MAX: u32 = 1_000_000_000;

impl EditDiscount {
    /// The command with its venues written out, or everything that is wrong with it.
    pub(super) fn checked(&self, read: &mut Read, venue: Option<VenueId>) -> Result<EditDiscount> {
        self.refuse_segment()?;
        let mut wrong = Vec::new();
        let mut whole = self.clone();
        if whole.venue_ids.is_empty() {
            whole.venue_ids.extend(venue);
        }
        whole.check_words(&mut wrong);
        whole.check_counts(&mut wrong);
        whole.check_experiment(&mut wrong);
        whole.check_terms(&mut wrong);
        whole.check_venues(read, venue, &mut wrong)?;
        whole.check_targets(read, &mut wrong)?;
        if wrong.is_empty() {
            whole.check_rule(&mut wrong)?;
        }
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        whole.name = whole.name.trim().to_owned();
        Ok(whole)
    }

    fn refuse_segment(&self) -> Result<()> {
        if self.segment_id.is_none() {
            return Ok(());
        }
        let said = "`segmentId` is not available yet: name a customer group or customers.";
        let extra = Extra::saying(said).with("field", "segmentId");
        Err(Error::Refused(Code::MethodUnavailable, extra))
    }

    fn check_words(&self, wrong: &mut Vec<Field>) {
        text::check_line(&self.name, NAME_MAX, "/name", wrong);
        let description = self.description.as_deref().unwrap_or_default();
        if description.chars().count() > DESCRIPTION_MAX {
            let said = format!("Send at most {DESCRIPTION_MAX} characters.");
            wrong.push(Field::new("/description", "invalid_length", said));
        }
        let color = self.label_color.as_deref();
        if color.is_some_and(|color| !is_color(color)) {
            let said = "Send red, green and blue in hex, like \"#2f9e44\".";
            wrong.push(Field::new("/labelColor", "invalid", said));
        }
        if let Some(reason) = &self.comp_reason {
            text::check_line(reason, REASON_MAX, "/compReason", wrong);
        }
        let is_backwards = match (self.valid_from, self.valid_until) {
            (Some(Bound::Day(from)), Some(Bound::Day(until))) => until < from,
            (Some(Bound::Instant(from)), Some(Bound::Instant(until))) => until <= from,
            _ => false,
        };
        if is_backwards {
            let said = "Send a day or an instant that is not before validFrom.";
            wrong.push(Field::new("/validUntil", "out_of_range", said));
        }
        if let Err(field) = self.basis() {
            wrong.push(field);
        }
    }

    fn check_counts(&self, wrong: &mut Vec<Field>) {
        if !(-PRIORITY_MAX..=PRIORITY_MAX).contains(&self.priority) {
            let said = format!("Send a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}.");
            wrong.push(Field::new("/priority", "out_of_range", said));
        }
        let counts = [
            (self.min_quantity, "/minQuantity"),
            (self.buy_quantity, "/buyQuantity"),
            (self.get_quantity, "/getQuantity"),
            (self.max_sets, "/maxSets"),
            (self.max_total_uses, "/maxTotalUses"),
            (self.max_uses_per_customer, "/maxUsesPerCustomer"),
        ];
        for (count, pointer) in counts {
            if count.is_some_and(|count| !(1..=COUNT_MAX).contains(&count)) {
                let said = format!("Send a whole number from 1 to {COUNT_MAX}, or null.");
                wrong.push(Field::new(pointer, "out_of_range", said));
            }
        }
    }

    fn check_experiment(&self, wrong: &mut Vec<Field>) {
        let texts = [
            (&self.experiment_id, "/experimentId"),
            (&self.variant, "/variant"),
        ];
        let is_experiment =
            texts.iter().any(|(text, _)| text.is_some()) || self.allocation_percent.is_some();
        if !is_experiment {
            return;
        }
        let said = "An experiment needs experimentId, variant and allocationPercent.";
        for (text, pointer) in texts {
            match text {
                Some(text) => text::check_line(text, LABEL_MAX, pointer, wrong),
                None => wrong.push(Field::new(pointer, "missing", said)),
            }
        }
        match self.allocation_percent {
            None => wrong.push(Field::new("/allocationPercent", "missing", said)),
            Some(share) if share.scaled() == 0 => {
                let said = "Send more than 0: a share that nobody has needs no variant.";
                wrong.push(Field::new("/allocationPercent", "out_of_range", said));
            }
            Some(_) => (),
        }
    }

    /// What the engine's rule does not hold.
    fn check_terms(&self, wrong: &mut Vec<Field>) {
        let is_comp = self.kind == DiscountType::Comp;
        if self.comp_reason.is_some() && !is_comp {
            let said = "Only a comp has a reason.";
            wrong.push(Field::new("/compReason", "not_allowed", said));
        }
        let is_unasked =
            self.is_automatic || self.customer_group_id.is_some() || !self.customer_ids.is_empty();
        if is_comp && is_unasked && self.comp_reason.is_none() {
            let said = "A comp that nobody asks for needs its reason here.";
            wrong.push(Field::new("/compReason", "missing", said));
        }
        for (value, pointer) in self.bounds() {
            let Some(value) = value else { continue };
            if !self.is_open {
                let said = "Only an open discount has bounds: send isOpen true.";
                wrong.push(Field::new(pointer, "not_allowed", said));
            } else if !value.fits(self.kind) {
                let said = "Send a decimal string for a percentage, an amount for an amount.";
                wrong.push(Field::new(pointer, "wrong_type", said));
            }
        }
    }

    fn bounds(&self) -> [(&Option<OpenValue>, &'static str); 3] {
        [
            (&self.min_value, "/minValue"),
            (&self.max_value, "/maxValue"),
            (&self.value_step, "/valueStep"),
        ]
    }

    fn check_venues(
        &self,
        read: &mut Read,
        venue: Option<VenueId>,
        wrong: &mut Vec<Field>,
    ) -> Result<()> {
        if self.venue_ids.len() > VENUES_MAX {
            let said = format!("Send at most {VENUES_MAX} venues, or none for all.");
            wrong.push(Field::new("/venueIds", "too_many", said));
            return Ok(());
        }
        let currencies = store::currencies(read, &self.venue_ids)?;
        for (place, id) in self.venue_ids.iter().enumerate() {
            let pointer = format!("/venueIds/{place}");
            if venue.is_some_and(|venue| venue != *id) {
                let said = "Send the venue of the path, or none; others are named under /chain.";
                wrong.push(Field::new(pointer, "not_allowed", said));
            } else if self.venue_ids[..place].contains(id) {
                wrong.push(Field::new(pointer, "duplicate", "Send each venue once."));
            } else if !currencies.iter().any(|(known, _)| known == id) {
                let said = "Send the id of a venue of yours.";
                wrong.push(Field::new(pointer, "not_found", said));
            }
        }
        for (amount, pointer, least) in self.amounts() {
            amount.check(least, pointer, wrong);
            if let Some((_, currency)) = currencies.iter().find(|(_, c)| *c != amount.currency) {
                let said = format!("Send an amount in {currency}, which a venue of it has.");
                let pointer = format!("{pointer}/currency");
                wrong.push(Field::new(pointer, "currency_mismatch", said));
            }
        }
        Ok(())
    }

    /// Each amount with its place and the least that it may be.
    fn amounts(&self) -> Vec<(&Money, &'static str, i64)> {
        let own = [
            (&self.amount, "/amount", 1),
            (&self.min_purchase_amount, "/minPurchaseAmount", 0),
            (&self.max_discount_amount, "/maxDiscountAmount", 1),
            (&self.combo_price, "/comboPrice", 0),
            (&self.combo_amount_off, "/comboAmountOff", 1),
        ];
        let own = own
            .into_iter()
            .filter_map(|(amount, pointer, least)| Some((amount.as_ref()?, pointer, least)));
        let bounds = self.bounds().into_iter().filter_map(|(value, pointer)| {
            let least = i64::from(pointer == "/valueStep");
            match value {
                Some(OpenValue::Amount(money)) => Some((money, pointer, least)),
                _ => None,
            }
        });
        own.chain(bounds).collect()
    }

    /// Every id that it names is the tenant's, and named once: one question, whatever their number.
    fn check_targets(&self, read: &mut Read, wrong: &mut Vec<Field>) -> Result<()> {
        let named = self.named();
        if named.len() > TARGETS_MAX {
            let said = format!("Send at most {TARGETS_MAX} targets and customers in all.");
            wrong.push(Field::new("", "too_many", said));
            return Ok(());
        }
        let known = store::known(read, &named)?;
        let mut seen = HashSet::new();
        for Named { pointer, id, list } in named {
            if !seen.insert((list, id.clone())) {
                wrong.push(Field::new(pointer, "duplicate", "Send each of them once."));
            } else if !known.contains(&id) {
                wrong.push(Field::new(
                    pointer,
                    "not_found",
                    "Send the id of one of yours.",
                ));
            }
        }
        Ok(())
    }

    fn named(&self) -> Vec<Named> {
        let mut named = Vec::new();
        list(&mut named, "targetItemIds", &self.target_item_ids);
        list(&mut named, "targetCategoryIds", &self.target_category_ids);
        list(&mut named, "targetModifierIds", &self.target_modifier_ids);
        list(
            &mut named,
            "targetModifierGroupIds",
            &self.target_modifier_group_ids,
        );
        list(&mut named, "customerIds", &self.customer_ids);
        list(&mut named, "buyItemIds", &self.buy_item_ids);
        list(&mut named, "getItemIds", &self.get_item_ids);
        if let Some(group) = self.customer_group_id {
            named.push(Named {
                pointer: "/customerGroupId".into(),
                id: group.to_string(),
                list: "customerGroupId",
            });
        }
        for (place, item) in self.combo_items.iter().enumerate() {
            let parts = [
                (item.product_id.map(|id| id.to_string()), "productId"),
                (item.category_id.map(|id| id.to_string()), "categoryId"),
            ];
            for (id, part) in parts {
                named.extend(id.map(|id| Named {
                    pointer: format!("/comboItems/{place}/{part}"),
                    id,
                    list: "comboItems",
                }));
            }
        }
        named
    }

    fn check_rule(&self, wrong: &mut Vec<Field>) -> Result<()> {
        // The id and version do not matter to what may be wrong, and shares are given out when it is published.
        let rule = self.rule(DiscountId::from_uuid(uuid::Uuid::nil()), 1, None)?;
        let flaws = match Terms::of(self).open() {
            Some(open) => rule.flaws_as_open(&open),
            None => rule.flaws(),
        };
        wrong.extend(flaws.iter().map(field_of));
        Ok(())
    }
}

/// An id that a command names, and where.
pub(super) struct Named {
    pub pointer: String,
    pub id: String,
    pub list: &'static str,
}

fn list<T: ToString>(named: &mut Vec<Named>, field: &'static str, ids: &[T]) {
    named.extend(ids.iter().enumerate().map(|(place, id)| Named {
        pointer: format!("/{field}/{place}"),
        id: id.to_string(),
        list: field,
    }));
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn field_of(flaw: &Flaw) -> Field {
    let (code, said) = match flaw.code {
        FlawCode::Missing => ("missing", "This kind of discount needs it."),
        FlawCode::NotAllowed => ("not_allowed", "This kind of discount cannot have it."),
        FlawCode::OutOfRange => ("out_of_range", "Send a value within its range."),
        FlawCode::MixedCurrencies => ("currency_mismatch", "Send all amounts in one currency."),
        FlawCode::TooMany => ("too_many", "Send fewer of them."),
    };
    Field::new(format!("/{}", flaw.field), code, said)
}

/// `Afterwork (copy)`, cut so that a copy of a copy of a copy still fits.
pub(super) fn copy_name(name: &str) -> String {
    let kept: String = name.chars().take(NAME_MAX - " (copy)".len()).collect();
    format!("{} (copy)", kept.trim_end())
}
