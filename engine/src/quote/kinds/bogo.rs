//! Buy some, get some: as many got units as possible, then the choice that costs the house least.

use super::{Ask, Draft, Kind, Portion};
use crate::discount::{Base, Discount};
use crate::money::{Percent, share_half_up};
use crate::quote::outcome::dearest;
use crate::quote::pool::Reach;
use crate::quote::table::Goods;
use crate::quote::trace::TraceCode;

pub(super) const KIND: Kind = Kind {
    fits: |candidate| candidate.discount.buy_quantity.is_some(),
    draft,
};

/// Units of a class and the two roles they may play.
struct Stock {
    reach: Reach,
    may_buy: bool,
    may_get: bool,
    got: i64,
    bought: i64,
}

impl Stock {
    fn free(&self) -> i64 {
        self.reach.units - self.got - self.bought
    }
}

fn draft(ask: &Ask<'_>) -> Result<Draft, TraceCode> {
    let discount = &ask.candidate.discount;
    let buy = i64::from(
        discount
            .buy_quantity
            .filter(|&buy| buy > 0)
            .ok_or(TraceCode::Incomplete)?,
    );
    let get = i64::from(
        discount
            .get_quantity
            .filter(|&get| get > 0)
            .ok_or(TraceCode::Incomplete)?,
    );
    let mut stocks = stocks_of(ask);
    let sets_max = discount.max_sets.map_or(i64::MAX, i64::from);
    let got = most_got(&stocks, buy, get, sets_max);
    if got == 0 {
        return Err(TraceCode::SetIncomplete);
    }
    let needed = sets(got, get) * buy;
    pick_got(&mut stocks, got, needed, discount.base);
    pick_bought(&mut stocks, needed);
    priced(ask, &stocks)
}

fn sets(got: i64, get: i64) -> i64 {
    got / get + i64::from(got % get > 0)
}

fn stocks_of(ask: &Ask<'_>) -> Vec<Stock> {
    let discount = &ask.candidate.discount;
    let mut stocks = Vec::with_capacity(ask.pool.reaches.len());
    for reach in &ask.pool.reaches {
        let goods = ask.table.goods_of(&ask.table.classes[reach.class]);
        if goods.unit_size != crate::money::Quantity::SCALE {
            continue;
        }
        let (may_buy, may_get) = (is_buy(discount, goods), is_get(discount, goods));
        if may_buy || may_get {
            stocks.push(Stock {
                reach: *reach,
                may_buy,
                may_get,
                got: 0,
                bought: 0,
            });
        }
    }
    stocks
}

/// What counts as bought: the rule's buy list, else its targets, else everything.
fn is_buy(discount: &Discount, goods: &Goods<'_>) -> bool {
    let product = goods.line.product_id.as_ref();
    if !discount.buy_item_ids.is_empty() {
        return product.is_some_and(|id| discount.buy_item_ids.contains(id));
    }
    if discount.target_item_ids.is_empty() && discount.target_category_ids.is_empty() {
        return true;
    }
    product.is_some_and(|id| discount.target_item_ids.contains(id))
        || goods
            .line
            .category_id
            .as_ref()
            .is_some_and(|id| discount.target_category_ids.contains(id))
}

/// What may be got: the rule's get list, else what counts as bought.
fn is_get(discount: &Discount, goods: &Goods<'_>) -> bool {
    if discount.get_item_ids.is_empty() {
        return is_buy(discount, goods);
    }
    goods
        .line
        .product_id
        .as_ref()
        .is_some_and(|id| discount.get_item_ids.contains(id))
}

/// The most units that can be got while enough others are left to have been bought.
fn most_got(stocks: &[Stock], buy: i64, get: i64, sets_max: i64) -> i64 {
    let count = |may: fn(&Stock) -> bool| {
        stocks
            .iter()
            .filter(|one| may(one))
            .map(|one| one.reach.units)
            .sum::<i64>()
    };
    let (can_buy, can_get) = (count(|one| one.may_buy), count(|one| one.may_get));
    let both = count(|one| one.may_buy && one.may_get);
    let possible = |got: i64| {
        let needed = sets(got, get).saturating_mul(buy);
        let spare = can_buy - needed;
        spare >= 0 && sets(got, get) <= sets_max && got <= can_get - both + both.min(spare)
    };
    // If some number can be got, every smaller one can: halving finds the largest.
    let (mut least, mut most) = (0, can_get);
    while least < most {
        let middle = least + (most - least + 1) / 2;
        if possible(middle) {
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    least
}

/// The cheapest ones, but of those that could be bought only as many as buying leaves over.
fn pick_got(stocks: &mut [Stock], got: i64, needed: i64, base: Base) {
    let can_buy: i64 = stocks
        .iter()
        .filter(|one| one.may_buy)
        .map(|one| one.reach.units)
        .sum();
    let mut spare = can_buy - needed;
    let mut cheapest: Vec<usize> = (0..stocks.len())
        .filter(|&place| stocks[place].may_get)
        .collect();
    cheapest.sort_by(|&a, &b| {
        let (one, other) = (&stocks[a].reach, &stocks[b].reach);
        let by_cost = match base {
            Base::Running => one.per_unit(other),
            Base::List => one.list_per_unit(other),
        };
        // Of equally dear ones the canonical first, but first those that nothing else needs.
        by_cost
            .then(stocks[a].may_buy.cmp(&stocks[b].may_buy))
            .then(a.cmp(&b))
    });
    let mut left = got;
    for &place in &cheapest {
        let stock = &mut stocks[place];
        let most = if stock.may_buy {
            stock.reach.units.min(spare)
        } else {
            stock.reach.units
        };
        let taken = most.min(left);
        stock.got = taken;
        left -= taken;
        if stock.may_buy {
            spare -= taken;
        }
    }
    debug_assert_eq!(left, 0, "as many were counted as can be picked");
}

/// The dearest of the rest are what was bought.
fn pick_bought(stocks: &mut [Stock], needed: i64) {
    let mut dearest_first: Vec<usize> = (0..stocks.len())
        .filter(|&place| stocks[place].may_buy)
        .collect();
    dearest_first.sort_by(|&a, &b| {
        stocks[b]
            .reach
            .list_per_unit(&stocks[a].reach)
            .then(a.cmp(&b))
    });
    let mut left = needed;
    for &place in &dearest_first {
        let taken = stocks[place].free().min(left);
        stocks[place].bought = taken;
        left -= taken;
    }
}

/// The saving is taken of the got units and spread over all units of the sets by list price.
fn priced(ask: &Ask<'_>, stocks: &[Stock]) -> Result<Draft, TraceCode> {
    let discount = &ask.candidate.discount;
    let percent = discount.get_discount_percent.unwrap_or(Percent::HUNDRED);
    let mut base = 0;
    let mut portions = Vec::with_capacity(stocks.len());
    for stock in stocks {
        let class = &ask.table.classes[stock.reach.class];
        let units = stock.got + stock.bought;
        if units == 0 {
            continue;
        }
        base += match discount.base {
            Base::Running => dearest(class.left(), stock.got, class.units),
            Base::List => dearest(class.list, stock.got, class.units),
        };
        let weight = dearest(class.list, units, class.units);
        let room = dearest(class.left(), units, class.units);
        portions.push(Portion {
            class: stock.reach.class,
            units,
            weight,
            room,
        });
    }
    let asked = share_half_up(base, percent.scaled(), Percent::HUNDRED.scaled())
        .ok_or(TraceCode::Incomplete)?;
    Ok(Draft::new(portions, base, asked))
}
