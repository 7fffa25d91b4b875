//! The units on the table, in classes: units that nothing tells apart are counted, not listed, and what
//! has been taken off them so far is kept for the class as a whole. So it cannot matter how units were
//! put on lines, and a thousand beers cost no more than one.

use std::cmp::Ordering;
use std::rc::Rc;

use smallvec::SmallVec;

use super::Refused;
use super::allowance::Allowance;
use super::facts::{Facts, unit_price};
use super::outcome::dearest;
use super::sort::ByText;
use crate::id::{CategoryId, ProductId};
use crate::order::{Line, Modifier};

/// Discounts that most classes see.
type Steps = SmallVec<[Step; 8]>;
/// Lines that most classes stand on.
type Segments = SmallVec<[Segment; 2]>;

/// What units of one kind have in common.
pub(crate) struct Goods<'a> {
    /// Any line that holds them: they agree in all that is asked of it but its id, quantity and time.
    pub line: &'a Line,
    pub price: i64,
    pub unit_size: i64,
}

/// A discount that reached the class, and what it left.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub by: usize,
    pub left: i64,
}

#[derive(Clone, Copy)]
pub(crate) struct Segment {
    pub line: usize,
    pub units: i64,
}

#[derive(Clone)]
pub(crate) struct Class {
    pub goods: usize,
    pub units: i64,
    pub list: i64,
    pub steps: Steps,
    pub segments: Segments,
    pub is_comped: bool,
}

impl Class {
    pub fn left(&self) -> i64 {
        self.steps.last().map_or(self.list, |step| step.left)
    }

    /// Takes units out as a class of their own. They are the dearest: the choice follows from amounts
    /// alone, so it is the same however the units stood on lines.
    fn split_off(&mut self, units: i64, segments: Segments) -> Self {
        let whole = self.units;
        let mut part = self.clone();
        part.units = units;
        part.list = dearest(self.list, units, whole);
        part.segments = segments;
        self.units -= units;
        self.list -= part.list;
        for (step, taken) in self.steps.iter_mut().zip(&mut part.steps) {
            taken.left = dearest(step.left, units, whole);
            step.left -= taken.left;
        }
        part
    }
}

/// All goods of an order, and where each id is among them.
pub(crate) struct Shelf<'a> {
    pub goods: Vec<Goods<'a>>,
    pub products: ByText<'a>,
    pub categories: ByText<'a>,
}

/// All classes, dearest rate first, then dearest price, then smallest product id or name.
#[derive(Clone)]
pub(crate) struct Table<'a> {
    pub shelf: Rc<Shelf<'a>>,
    pub classes: Vec<Class>,
}

impl<'a> Table<'a> {
    pub fn new(facts: &Facts<'a>) -> Result<Self, Refused> {
        let mut priced = Vec::with_capacity(facts.lines.len());
        for (place, line) in facts.lines.iter().enumerate() {
            priced.push((unit_price(line)?, place, *line));
        }
        // Stable, so the segments of a class keep the order of `facts.lines`.
        priced.sort_by(|a, b| compare_goods((a.0, a.2), (b.0, b.2)));
        let mut goods: Vec<Goods<'a>> = Vec::with_capacity(priced.len());
        let mut classes: Vec<Class> = Vec::with_capacity(priced.len());
        for (price, place, line) in priced {
            let is_new = goods
                .last()
                .is_none_or(|last| compare_goods((last.price, last.line), (price, line)).is_ne());
            if is_new {
                goods.push(Goods {
                    line,
                    price,
                    unit_size: line.quantity.unit_size(),
                });
                classes.push(Class {
                    goods: goods.len() - 1,
                    units: 0,
                    list: 0,
                    steps: Steps::new(),
                    segments: Segments::new(),
                    is_comped: false,
                });
            }
            if let Some(class) = classes.last_mut() {
                let units = line.quantity.units();
                class.units += units;
                class.list += price * units;
                class.segments.push(Segment { line: place, units });
            }
        }
        Ok(Self {
            shelf: Rc::new(Shelf::new(goods)),
            classes,
        })
    }

    pub fn goods_of(&self, class: &Class) -> &Goods<'a> {
        &self.shelf.goods[class.goods]
    }

    /// List price of the units that a minimum purchase counts.
    pub fn purchase(&self) -> i64 {
        let counted = |class: &&Class| !class.is_comped && !self.goods_of(class).line.is_gift_card;
        self.classes
            .iter()
            .filter(counted)
            .map(|class| class.list)
            .sum()
    }

    /// Makes `units` of the class at `place` a class of their own, standing before the rest. They are
    /// taken from lines that still have an allowance, which shrinks by them. Returns whether the class
    /// was split.
    pub fn part(
        &mut self,
        place: usize,
        units: i64,
        allowance: &mut Allowance,
        facts: &Facts<'_>,
    ) -> bool {
        let class = &mut self.classes[place];
        if units == class.units && allowance.is_unlimited() {
            return false;
        }
        let mut wanted = units;
        let mut segments = Segments::new();
        let is_whole = units == class.units;
        for segment in &mut class.segments {
            let taken = allowance.take(*segment, wanted, facts);
            wanted -= taken;
            if !is_whole && taken > 0 {
                segment.units -= taken;
                segments.push(Segment {
                    line: segment.line,
                    units: taken,
                });
            }
        }
        debug_assert_eq!(wanted, 0, "a pool holds no more than its lines allow");
        if is_whole {
            return false;
        }
        class.segments.retain(|segment| segment.units > 0);
        let part = class.split_off(units, segments);
        self.classes.insert(place, part);
        true
    }
}

impl<'a> Shelf<'a> {
    fn new(goods: Vec<Goods<'a>>) -> Self {
        let index = |id_of: fn(&'a Line) -> Option<&'a [u8]>| {
            let named = goods
                .iter()
                .enumerate()
                .filter_map(|(place, one)| id_of(one.line).map(|id| (id, place)));
            ByText::new(named)
        };
        let products = index(|line| line.product_id.as_ref().map(ProductId::as_bytes));
        let categories = index(|line| line.category_id.as_ref().map(CategoryId::as_bytes));
        Self {
            goods,
            products,
            categories,
        }
    }
}

/// The canonical order. Two lines that compare equal hold the same units.
fn compare_goods((a_price, a): (i64, &Line), (b_price, b): (i64, &Line)) -> Ordering {
    fn shown(line: &Line) -> &[u8] {
        let product = line.product_id.as_ref().map(ProductId::as_bytes);
        product.unwrap_or(line.name.as_bytes())
    }
    b.rate
        .cmp(&a.rate)
        .then(b_price.cmp(&a_price))
        .then_with(|| shown(a).cmp(shown(b)))
        .then_with(|| a.product_id.is_none().cmp(&b.product_id.is_none()))
        .then_with(|| compare_modifiers(&a.modifiers, &b.modifiers))
        .then_with(|| a.quantity.unit_size().cmp(&b.quantity.unit_size()))
        .then_with(|| a.category_id.cmp(&b.category_id))
        .then_with(|| a.is_regulated.cmp(&b.is_regulated))
        .then_with(|| a.is_gift_card.cmp(&b.is_gift_card))
}

fn compare_modifiers(a: &[Modifier], b: &[Modifier]) -> Ordering {
    if a.is_empty() && b.is_empty() {
        return Ordering::Equal;
    }
    fn sorted(modifiers: &[Modifier]) -> Vec<(&str, Option<&str>, i64)> {
        let mut keys: Vec<_> = modifiers
            .iter()
            .map(|one| (one.id.as_str(), one.group_id.as_deref(), one.price))
            .collect();
        keys.sort_unstable();
        keys
    }
    sorted(a).cmp(&sorted(b))
}
