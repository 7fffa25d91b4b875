//! The sums behind `earn`, in whole steps so that every part is exact: a step is one minor unit times a
//! hundredth of a rate times a hundredth of a multiplier.

use super::earn::{Part, PartKind, Purchase};
use super::program::{AccrualRule, AccrualType, Program};
use crate::id::RuleId;
use crate::money::{Multiplier, PointsPerUnit};
use crate::quote::{ClassOutcome, Evaluation};

/// Units of one class with what they earn on.
pub(super) struct Row<'a> {
    pub class: &'a ClassOutcome,
    pub base: i64,
    rate: PointsPerUnit,
    rule_id: Option<&'a RuleId>,
}

impl Row<'_> {
    /// Points at multiplier 1, in steps of the sheet's scale.
    pub fn steps(&self) -> i128 {
        i128::from(self.base) * i128::from(self.rate.scaled()) * i128::from(Multiplier::SCALE)
    }
}

pub(super) struct Sheet<'a> {
    pub purchase: &'a Purchase<'a>,
    pub program: &'a Program,
    pub rows: Vec<Row<'a>>,
    pub base: i64,
    /// Steps in one point: minor units × hundredths of a rate × hundredths of a multiplier.
    pub scale: i128,
    pub sum: i128,
    pub parts: Vec<Part>,
}

impl<'a> Sheet<'a> {
    pub fn new(purchase: &'a Purchase<'a>, program: &'a Program) -> Self {
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

    pub fn add_spend(&mut self) {
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
    pub fn add_category_and_item(&mut self) {
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

    pub fn add_tier(&mut self) {
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

    pub fn visit_points(&mut self) -> i64 {
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

    pub fn push(
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

    pub fn note(
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
pub(super) fn added(steps: i128, multiplier: Multiplier) -> i128 {
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
