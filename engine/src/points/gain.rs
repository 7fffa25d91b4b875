//! Promotions: the one that gives most, or the stackable ones together.

use super::earn::PartKind;
use super::program::Promotion;
use super::sheet::{Sheet, added};
use crate::money::Multiplier;

/// What a promotion would add.
struct Gain<'a> {
    promotion: &'a Promotion,
    base: i64,
    steps: i128,
    bonus: i64,
}

impl Gain<'_> {
    fn worth(&self, scale: i128) -> i128 {
        self.steps + i128::from(self.bonus) * scale
    }
}

impl<'a> Sheet<'a> {
    /// The one promotion that gives most, or the stackable ones together where they give more.
    pub fn add_promotions(&mut self) -> i64 {
        let mut open: Vec<Gain<'a>> = self
            .program
            .promotions
            .iter()
            .filter_map(|promotion| self.gain(promotion))
            .collect();
        open.sort_by(|a, b| a.promotion.id.cmp(&b.promotion.id));
        let stackable = |gain: &&Gain<'_>| gain.promotion.is_stackable;
        let together: i128 = open
            .iter()
            .filter(stackable)
            .map(|gain| gain.worth(self.scale))
            .sum();
        let alone = open.iter().max_by(|a, b| {
            // Of equals the smaller id, which stands earlier; `max_by` would answer the later.
            a.worth(self.scale)
                .cmp(&b.worth(self.scale))
                .then(b.promotion.id.cmp(&a.promotion.id))
        });
        let alone = alone
            .filter(|gain| gain.worth(self.scale) > together)
            .map(|gain| gain.promotion.id.clone());
        let mut bonus_points = 0_i64;
        for gain in open {
            let promotion = gain.promotion;
            let is_taken = alone
                .as_ref()
                .map_or(promotion.is_stackable, |id| *id == promotion.id);
            if !is_taken {
                continue;
            }
            if gain.steps > 0 {
                let id = Some(promotion.id.clone());
                self.push(
                    PartKind::Promotion,
                    id,
                    gain.base,
                    (None, promotion.multiplier),
                    gain.steps,
                );
            }
            if gain.bonus > 0 {
                bonus_points = bonus_points.saturating_add(gain.bonus);
                let steps = i128::from(gain.bonus) * self.scale;
                self.note(
                    PartKind::Bonus,
                    Some(promotion.id.clone()),
                    gain.base,
                    (None, None),
                    steps,
                );
            }
        }
        bonus_points
    }

    fn gain(&self, promotion: &'a Promotion) -> Option<Gain<'a>> {
        let customer = self.purchase.customer;
        let in_group = promotion
            .customer_group_id
            .as_ref()
            .is_none_or(|id| customer.group_ids.contains(id));
        let in_segment = promotion
            .segment_id
            .as_ref()
            .is_none_or(|id| customer.segment_ids.contains(id));
        let is_open = promotion.window().test(&self.purchase.moment).is_ok();
        if !(promotion.is_active && in_group && in_segment && is_open) {
            return None;
        }
        let covered = || {
            self.rows
                .iter()
                .filter(|row| row.base > 0 && promotion.covers(row.class))
        };
        let base = covered().map(|row| row.base).sum();
        if base == 0 {
            return None;
        }
        let multiplier = promotion.multiplier.unwrap_or(Multiplier::ONE);
        let steps: i128 = covered().map(|row| added(row.steps(), multiplier)).sum();
        let left = promotion.points_left.unwrap_or(i64::MAX).max(0);
        let steps = steps.min(i128::from(left) * self.scale);
        let used = i64::try_from((steps + self.scale - 1) / self.scale).unwrap_or(left);
        let bonus = promotion
            .bonus_points
            .unwrap_or(0)
            .clamp(0, left - used.min(left));
        Some(Gain {
            promotion,
            base,
            steps,
            bonus,
        })
    }
}
