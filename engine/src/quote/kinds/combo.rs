//! Combos: whole sets at a price, a percentage or an amount off; the set that saves most first, made of
//! the dearest units.

use super::{Ask, Draft, Kind, Portion};
use crate::discount::{Base, ComboItem, Discount};
use crate::money::{Percent, Quantity, share_half_up};
use crate::quote::outcome::dearest;
use crate::quote::pool::Reach;
use crate::quote::table::Goods;
use crate::quote::trace::TraceCode;

pub(super) const KIND: Kind = Kind {
    fits: |candidate| !candidate.discount.combo_items.is_empty(),
    draft,
};

struct Stock<'a> {
    reach: Reach,
    goods: &'a Goods<'a>,
    taken: i64,
}

fn draft(ask: &Ask<'_>) -> Result<Draft, TraceCode> {
    let discount = &ask.candidate.discount;
    if discount.combo_items.iter().any(|item| item.quantity == 0) {
        return Err(TraceCode::Incomplete);
    }
    let mut stocks = stocks_of(ask);
    let components = specific_first(discount);
    let (mut base, mut asked) = (0, 0);
    let mut sets_left = discount.max_sets.map_or(i64::MAX, i64::from);
    while sets_left > 0 {
        let Some(picked) = pick_set(&stocks, &components) else {
            break;
        };
        // The same set can be made again until one of its classes runs out.
        let again = picked
            .iter()
            .map(|&(place, units)| stocks[place].free() / units)
            .min()
            .unwrap_or(1);
        let times = again.min(sets_left).max(1);
        let value = worth(ask, &mut stocks, &picked, times);
        let saving = saved(discount, value, times)?;
        if saving <= 0 {
            for &(place, units) in &picked {
                stocks[place].taken -= units * times;
            }
            break;
        }
        base += value;
        asked += saving;
        sets_left -= times;
    }
    if base == 0 {
        let is_whole = pick_set(&stocks, &components).is_some();
        return Err(if is_whole {
            TraceCode::NoSaving
        } else {
            TraceCode::SetIncomplete
        });
    }
    if let Some(percent) = discount.combo_percent {
        asked = share_half_up(base, percent.scaled(), Percent::HUNDRED.scaled())
            .ok_or(TraceCode::Incomplete)?;
    }
    Ok(Draft::new(portions_of(ask, &stocks), base, asked))
}

fn stocks_of<'a>(ask: &'a Ask<'a>) -> Vec<Stock<'a>> {
    let stock = |reach: &Reach| {
        let goods = ask.table.goods_of(&ask.table.classes[reach.class]);
        (goods.unit_size == Quantity::SCALE).then_some(Stock {
            reach: *reach,
            goods,
            taken: 0,
        })
    };
    let mut stocks: Vec<Stock<'a>> = ask.pool.reaches.iter().filter_map(stock).collect();
    let by_list = ask.candidate.discount.base == Base::List;
    stocks.sort_by(|a, b| {
        let dearest_first = if by_list {
            b.reach.list_per_unit(&a.reach)
        } else {
            b.reach.per_unit(&a.reach)
        };
        dearest_first.then(a.reach.class.cmp(&b.reach.class))
    });
    stocks
}

/// Products before categories, so that a category never takes the one unit that a product needs.
fn specific_first(discount: &Discount) -> Vec<&ComboItem> {
    let mut components: Vec<&ComboItem> = discount.combo_items.iter().collect();
    components.sort_by(|a, b| {
        (a.product_id.is_none(), &a.product_id, &a.category_id).cmp(&(
            b.product_id.is_none(),
            &b.product_id,
            &b.category_id,
        ))
    });
    components
}

/// The dearest units that make one set: places in `stocks` with their units.
fn pick_set(stocks: &[Stock<'_>], components: &[&ComboItem]) -> Option<Vec<(usize, i64)>> {
    let mut picked: Vec<(usize, i64)> = Vec::new();
    for component in components {
        let mut needed = i64::from(component.quantity);
        for (place, stock) in stocks.iter().enumerate() {
            if needed == 0 {
                break;
            }
            if !is_part(component, stock.goods) {
                continue;
            }
            let already = picked
                .iter()
                .find(|(of, _)| *of == place)
                .map_or(0, |(_, units)| *units);
            let units = needed.min(stock.free() - already);
            if units <= 0 {
                continue;
            }
            needed -= units;
            match picked.iter_mut().find(|(of, _)| *of == place) {
                Some((_, sum)) => *sum += units,
                None => picked.push((place, units)),
            }
        }
        if needed > 0 {
            return None;
        }
    }
    Some(picked)
}

impl Stock<'_> {
    fn free(&self) -> i64 {
        self.reach.units - self.taken
    }
}

fn is_part(component: &ComboItem, goods: &Goods<'_>) -> bool {
    match (&component.product_id, &component.category_id) {
        (Some(product_id), _) => goods.line.product_id.as_ref() == Some(product_id),
        (None, Some(category_id)) => goods.line.category_id.as_ref() == Some(category_id),
        (None, None) => false,
    }
}

/// Takes the units of `times` sets and says what they are worth.
fn worth(ask: &Ask<'_>, stocks: &mut [Stock<'_>], picked: &[(usize, i64)], times: i64) -> i64 {
    let by_list = ask.candidate.discount.base == Base::List;
    let mut value = 0;
    for &(place, units) in picked {
        let stock = &mut stocks[place];
        let class = &ask.table.classes[stock.reach.class];
        let amount = if by_list { class.list } else { class.left() };
        let before = dearest(amount, stock.taken, class.units);
        stock.taken += units * times;
        value += dearest(amount, stock.taken, class.units) - before;
    }
    value
}

fn saved(discount: &Discount, value: i64, times: i64) -> Result<i64, TraceCode> {
    if let Some(price) = discount.combo_price {
        return Ok(value.saturating_sub(price.amount.saturating_mul(times)));
    }
    if let Some(percent) = discount.combo_percent {
        return share_half_up(value, percent.scaled(), Percent::HUNDRED.scaled())
            .ok_or(TraceCode::Incomplete);
    }
    let off = discount.combo_amount_off.ok_or(TraceCode::Incomplete)?;
    Ok(off.amount.saturating_mul(times).min(value))
}

fn portions_of(ask: &Ask<'_>, stocks: &[Stock<'_>]) -> Vec<Portion> {
    let by_list = ask.candidate.discount.base == Base::List;
    let mut portions = Vec::with_capacity(stocks.len());
    for stock in stocks.iter().filter(|stock| stock.taken > 0) {
        let class = &ask.table.classes[stock.reach.class];
        let room = dearest(class.left(), stock.taken, class.units);
        let weight = if by_list {
            dearest(class.list, stock.taken, class.units)
        } else {
            room
        };
        portions.push(Portion {
            class: stock.reach.class,
            units: stock.taken,
            weight,
            room,
        });
    }
    portions.sort_by_key(|portion| portion.class);
    portions
}
