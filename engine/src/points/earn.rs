//! What a purchase earns: base × rate per unit, each multiplier adding its own (m − 1) of it, floored
//! once at the end. Reckoned in whole steps of 10⁻⁸ points or coarser, so every part is exact.

use serde::{Deserialize, Serialize};

use super::TooManyPoints;
use super::program::{AccrualRule, AccrualType, Program, Promotion};
use crate::id::RuleId;
use crate::money::{Multiplier, PointsPerUnit};
use crate::order::Customer;
use crate::quote::{ClassOutcome, Evaluation};
use crate::window::Moment;

/// What is known of a purchase besides its amounts.
#[derive(Clone, Copy, Debug)]
pub struct Purchase<'a> {
    pub evaluation: &'a Evaluation,
    pub customer: &'a Customer,
    pub moment: Moment,
    /// Whether it is the first of its visit.
    pub opens_visit: bool,
}

/// Points of a purchase: one ledger row for each kind that is not zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Earned {
    /// Minor units that earned; refunds take points back in proportion to it.
    pub base: i64,
    pub spend_points: i64,
    pub visit_points: i64,
    pub bonus_points: i64,
    /// Where each point came from, before the one rounding.
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PartKind {
    Spend,
    Category,
    Item,
    Promotion,
    Tier,
    Visit,
    Bonus,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    pub kind: PartKind,
    pub rule_id: Option<RuleId>,
    /// Minor units that it was reckoned on.
    pub base: i64,
    pub rate: Option<PointsPerUnit>,
    pub multiplier: Option<Multiplier>,
    /// An exact decimal.
    pub points: String,
}

pub fn earn(purchase: &Purchase<'_>, program: &Program) -> Result<Earned, TooManyPoints> {
    let mut sheet = Sheet::new(purchase, program);
    sheet.add_spend();
    sheet.add_category_and_item();
    let bonus_points = sheet.add_promotions();
    sheet.add_tier();
    let spend_points = i64::try_from(sheet.sum / sheet.scale).map_err(|_| TooManyPoints)?;
    let visit_points = sheet.visit_points();
    let base = sheet.base;
    Ok(Earned {
        base,
        spend_points,
        visit_points,
        bonus_points,
        parts: sheet.parts,
    })
}

/// Units of one class with what they earn on.
struct Row<'a> {
    class: &'a ClassOutcome,
    base: i64,
    rate: PointsPerUnit,
    rule_id: Option<&'a RuleId>,
}

impl Row<'_> {
    /// Points at multiplier 1, in steps of the sheet's scale.
    fn steps(&self) -> i128 {
        i128::from(self.base) * i128::from(self.rate.scaled()) * i128::from(Multiplier::SCALE)
    }
}

struct Sheet<'a> {
    purchase: &'a Purchase<'a>,
    program: &'a Program,
    rows: Vec<Row<'a>>,
    base: i64,
    /// Steps in one point: minor units × hundredths of a rate × hundredths of a multiplier.
    scale: i128,
    sum: i128,
    parts: Vec<Part>,
}

impl<'a> Sheet<'a> {
    fn new(purchase: &'a Purchase<'a>, program: &'a Program) -> Self {
        let evaluation = purchase.evaluation;
        let earning = evaluation
            .classes
            .iter()
            .filter(|class| !class.is_gift_card);
        let mut rows: Vec<Row<'a>> = earning
            .map(|class| Row {
                class,
                base: program.earn_basis.base_of(class, evaluation.tax_mode),
                rate: program.points_per_dollar,
                rule_id: None,
            })
            .collect();
        let base = rows.iter().map(|row| row.base).sum();
        for row in &mut rows {
            let of_spend = program
                .rules
                .iter()
                .filter(|rule| rule.kind == AccrualType::Spend);
            let fitting =
                of_spend.filter(|rule| is_met(rule, base, evaluation) && rule.covers(row.class));
            if let Some((rate, rule)) = best(fitting, |rule| rule.points_per_unit) {
                (row.rate, row.rule_id) = (rate, Some(&rule.id));
            }
        }
        let minor = i128::from(evaluation.currency.minor_per_major());
        let scale = minor * i128::from(PointsPerUnit::SCALE) * i128::from(Multiplier::SCALE);
        Self {
            purchase,
            program,
            rows,
            base,
            scale,
            sum: 0,
            parts: Vec::new(),
        }
    }

    fn add_spend(&mut self) {
        let mut groups: Vec<(Option<&RuleId>, PointsPerUnit)> = self
            .rows
            .iter()
            .map(|row| (row.rule_id, row.rate))
            .collect();
        groups.sort_unstable();
        groups.dedup();
        for (rule_id, rate) in groups {
            let of_group = |row: &&Row<'_>| (row.rule_id, row.rate) == (rule_id, rate);
            let base = self.rows.iter().filter(of_group).map(|row| row.base).sum();
            let steps = self.rows.iter().filter(of_group).map(Row::steps).sum();
            self.push(
                PartKind::Spend,
                rule_id.cloned(),
                base,
                (Some(rate), None),
                steps,
            );
        }
    }

    /// The best multiplier that matches a unit, and every rule that gives points for an item.
    fn add_category_and_item(&mut self) {
        let evaluation = self.purchase.evaluation;
        let rules = self.program.rules.iter();
        let fitting: Vec<&AccrualRule> = rules
            .filter(|rule| matches!(rule.kind, AccrualType::Category | AccrualType::Item))
            .filter(|rule| is_met(rule, self.base, evaluation))
            .collect();
        let mut chosen: Vec<(&AccrualRule, Multiplier, i64, i128)> = Vec::new();
        for row in &self.rows {
            let covering = fitting
                .iter()
                .copied()
                .filter(|rule| rule.covers(row.class));
            let Some((multiplier, rule)) = best(covering, |rule| rule.multiplier) else {
                continue;
            };
            let steps = added(row.steps(), multiplier);
            match chosen.iter_mut().find(|(other, ..)| other.id == rule.id) {
                Some((_, _, base, sum)) => (*base, *sum) = (*base + row.base, *sum + steps),
                None => chosen.push((rule, multiplier, row.base, steps)),
            }
        }
        chosen.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        for (rule, multiplier, base, steps) in chosen {
            self.push(
                part_kind(rule),
                Some(rule.id.clone()),
                base,
                (None, Some(multiplier)),
                steps,
            );
        }
        let mut by_item: Vec<(&AccrualRule, PointsPerUnit)> = fitting
            .iter()
            .filter_map(|rule| rule.points_per_unit.map(|points| (*rule, points)))
            .collect();
        by_item.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        for (rule, points) in by_item {
            let covered = || {
                self.rows
                    .iter()
                    .filter(|row| row.base > 0 && rule.covers(row.class))
            };
            let units: i64 = covered().map(|row| row.class.units).sum();
            let base = covered().map(|row| row.base).sum();
            let steps = i128::from(units)
                * i128::from(points.scaled())
                * (self.scale / i128::from(PointsPerUnit::SCALE));
            self.push(
                part_kind(rule),
                Some(rule.id.clone()),
                base,
                (Some(points), None),
                steps,
            );
        }
    }

    /// The one promotion that gives most, or the stackable ones together where they give more.
    fn add_promotions(&mut self) -> i64 {
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

    fn add_tier(&mut self) {
        let Some(multiplier) = self.program.tier_multiplier else {
            return;
        };
        let steps: i128 = self
            .rows
            .iter()
            .map(|row| added(row.steps(), multiplier))
            .sum();
        self.push(
            PartKind::Tier,
            None,
            self.base,
            (None, Some(multiplier)),
            steps,
        );
    }

    fn visit_points(&mut self) -> i64 {
        if !self.purchase.opens_visit {
            return 0;
        }
        let of_visit = self
            .program
            .rules
            .iter()
            .filter(|rule| rule.kind == AccrualType::Visit);
        let fitting = of_visit.filter(|rule| is_met(rule, self.base, self.purchase.evaluation));
        let (rate, rule) = match best(fitting, |rule| rule.points_per_unit) {
            Some((rate, rule)) => (rate, Some(rule.id.clone())),
            None => (self.program.points_per_visit, None),
        };
        let steps = i128::from(rate.scaled()) * (self.scale / i128::from(PointsPerUnit::SCALE));
        self.note(PartKind::Visit, rule, self.base, (Some(rate), None), steps);
        rate.scaled() / PointsPerUnit::SCALE
    }

    fn push(
        &mut self,
        kind: PartKind,
        rule_id: Option<RuleId>,
        base: i64,
        factor: (Option<PointsPerUnit>, Option<Multiplier>),
        steps: i128,
    ) {
        self.sum += steps;
        self.note(kind, rule_id, base, factor, steps);
    }

    fn note(
        &mut self,
        kind: PartKind,
        rule_id: Option<RuleId>,
        base: i64,
        (rate, multiplier): (Option<PointsPerUnit>, Option<Multiplier>),
        steps: i128,
    ) {
        if steps > 0 {
            let points = decimal(steps, self.scale);
            self.parts.push(Part {
                kind,
                rule_id,
                base,
                rate,
                multiplier,
                points,
            });
        }
    }
}

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

fn is_met(rule: &AccrualRule, base: i64, evaluation: &Evaluation) -> bool {
    let minimum = rule.min_purchase;
    rule.is_active
        && minimum.is_none_or(|money| money.currency == evaluation.currency && base >= money.amount)
}

/// The rule with the largest value; of equals the smaller id.
fn best<'a, V: Ord + Copy>(
    rules: impl Iterator<Item = &'a AccrualRule>,
    value: impl Fn(&AccrualRule) -> Option<V>,
) -> Option<(V, &'a AccrualRule)> {
    let valued = rules.filter_map(|rule| value(rule).map(|value| (value, rule)));
    valued.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.id.cmp(&a.1.id)))
}

/// What a multiplier adds to points at 1; one below 1 adds nothing.
fn added(steps: i128, multiplier: Multiplier) -> i128 {
    steps / i128::from(Multiplier::SCALE)
        * i128::from((multiplier.scaled() - Multiplier::SCALE).max(0))
}

fn part_kind(rule: &AccrualRule) -> PartKind {
    if rule.kind == AccrualType::Item {
        PartKind::Item
    } else {
        PartKind::Category
    }
}

fn decimal(steps: i128, scale: i128) -> String {
    let (whole, fraction) = (steps / scale, steps % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let places = scale.ilog10() as usize;
    let digits = format!("{fraction:0places$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}
