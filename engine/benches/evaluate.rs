//! A busy tab: 20 lines against 100 live discounts of which 10 fit, with the whole trace. The goal is a
//! median of 20 µs on one core. A bare loop over the same lines and percentages, without classes,
//! allocation or trace, is the floor that it is compared with.

#![expect(
    clippy::print_stdout,
    reason = "a bench tells its figures to whoever runs it"
)]

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use engine::discount::{Candidate, ComboItem, Coupon, Discount, Scope};
use engine::money::{Currency, Money, Percent, Quantity};
use engine::order::{Customer, Line, Order, TaxMode};
use engine::quote::{Context, Policy, evaluate};
use engine::window::DaysOfWeek;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn percent(text: &str) -> Percent {
    text.parse().expect("well formed")
}

fn kronor(amount: i64) -> Money {
    Money::new(amount * 100, Currency::SEK)
}

fn order() -> Order {
    let opened_at: Timestamp = "2026-06-05T16:00:00Z".parse().expect("well formed");
    let line = |place: u32| Line {
        category_id: Some(format!("cat_{}", place % 5).as_str().into()),
        quantity: Quantity::whole(1 + place % 3).expect("in range"),
        rate: if place.is_multiple_of(2) { "25" } else { "12" }
            .parse()
            .expect("well formed"),
        ordered_at: opened_at + jiff::SignedDuration::from_mins(i64::from(place / 4)),
        ..Line::new(
            format!("itm_{place:02}"),
            format!("prd_{:02}", place % 15),
            4_500 + i64::from(place % 15) * 700,
            opened_at,
        )
    };
    Order {
        id: "ord_1".into(),
        currency: Currency::SEK,
        tax_mode: TaxMode::Inclusive,
        opened_at,
        customer: Some(Customer {
            id: "cus_1".into(),
            group_ids: vec!["grp_1".into(), "grp_2".into()],
            segment_ids: vec!["seg_1".into()],
            purchases: 7,
        }),
        lines: (0..20).map(line).collect(),
    }
}

fn live(discount: Discount) -> Candidate {
    Candidate::automatic(Discount {
        is_automatic: true,
        is_stackable: true,
        ..discount
    })
}

fn fitting() -> Vec<Candidate> {
    let group = Discount {
        customer_group_id: Some("grp_1".into()),
        ..Discount::percentage("fit_group", Scope::CustomerGroup, percent("10"))
    };
    let bogo = Discount {
        buy_quantity: Some(2),
        get_quantity: Some(1),
        buy_item_ids: vec!["prd_03".into()],
        get_item_ids: vec!["prd_04".into()],
        ..Discount::percentage("fit_bogo", Scope::Quantity, Percent::HUNDRED)
    };
    let part = |id: &str| ComboItem {
        product_id: Some(id.into()),
        category_id: None,
        quantity: 1,
    };
    let combo = Discount {
        combo_items: vec![part("prd_05"), part("prd_06")],
        combo_percent: Some(percent("15")),
        ..Discount::percentage("fit_combo", Scope::Combo, percent("15"))
    };
    let happy = Discount {
        target_category_ids: vec!["cat_1".into(), "cat_2".into()],
        time_from: "16:00".parse().ok(),
        time_until: "23:00".parse().ok(),
        ..Discount::percentage("fit_happy", Scope::Category, percent("20"))
    };
    let item = |id: &str, product: &str| Discount {
        target_item_ids: vec![product.into()],
        ..Discount::fixed(id, Scope::Item, kronor(5))
    };
    let order = Discount {
        min_purchase_amount: Some(kronor(200)),
        ..Discount::percentage("fit_order", Scope::Order, percent("5"))
    };
    let code = Coupon {
        code: "SOMMAR".into(),
        ..Coupon::default()
    };
    let fixed = Discount {
        is_stackable: true,
        ..Discount::fixed("fit_code", Scope::Order, kronor(50))
    };
    vec![
        live(group),
        live(bogo),
        live(combo),
        live(happy),
        live(item("fit_item_1", "prd_07")),
        live(item("fit_item_2", "prd_08")),
        live(order),
        Candidate::tier("fit_tier", percent("3")),
        Candidate::coupon("fit_code", fixed, code),
        Candidate::manual(
            "fit_manual",
            Discount::percentage("fit_manual", Scope::Order, percent("2")),
        ),
    ]
}

/// 90 that do not fit, for the usual reasons in equal parts.
fn others() -> impl Iterator<Item = Candidate> {
    (0..90).map(|place| {
        let id = format!("not_{place:02}");
        let ten = |scope| Discount::percentage(id.as_str(), scope, percent("10"));
        let absent = |kind: &str| format!("{kind}_absent_{place:02}");
        live(match place % 6 {
            0 => Discount {
                target_item_ids: vec![absent("prd").into()],
                ..ten(Scope::Item)
            },
            1 => Discount {
                target_category_ids: vec![absent("cat").into()],
                ..ten(Scope::Category)
            },
            2 => Discount {
                time_from: "08:00".parse().ok(),
                time_until: "11:00".parse().ok(),
                ..ten(Scope::Order)
            },
            3 => Discount {
                target_item_ids: vec!["prd_01".into()],
                days_of_week: DaysOfWeek::new(&[1, 2]).expect("in range"),
                ..ten(Scope::Item)
            },
            4 => Discount {
                min_purchase_amount: Some(kronor(100_000)),
                ..ten(Scope::Order)
            },
            _ => Discount {
                customer_group_id: Some("grp_9".into()),
                ..ten(Scope::CustomerGroup)
            },
        })
    })
}

/// What the least code would do: ten percentages off twenty lines, and the tax.
fn bare_loop(prices: &[(i64, i64)], percents: &[i64]) -> i64 {
    let mut left: Vec<i64> = prices.iter().map(|&(price, _)| price).collect();
    for percent in percents {
        for amount in &mut left {
            *amount -= (*amount * percent + 5_000) / 10_000;
        }
    }
    left.iter()
        .zip(prices)
        .map(|(amount, (_, rate))| amount + amount * rate / (100_000 + rate))
        .sum()
}

fn median_nanoseconds(mut run: impl FnMut()) -> u128 {
    let mut times: Vec<u128> = (0..2_001)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..10 {
                run();
            }
            start.elapsed().as_nanos() / 10
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn benches(criterion: &mut Criterion) {
    let order = order();
    let mut candidates: Vec<Candidate> = fitting().into_iter().chain(others()).collect();
    // As a store hands them out.
    candidates.sort_by(|a, b| a.id.cmp(&b.id));
    let zone = TimeZone::get("Europe/Stockholm").expect("bundled");
    let context = Context {
        policy: Policy::default(),
        zone: zone.clone(),
    };
    let best = Context {
        policy: Policy {
            choose_best: true,
            ..Policy::default()
        },
        zone,
    };
    let priced = evaluate(&order, &candidates, &context).expect("in bounds");
    println!(
        "{} of {} applied, {} off",
        priced.discounts.len(),
        priced.trace.len(),
        priced.totals.discounts
    );

    let prices: Vec<(i64, i64)> = order
        .lines
        .iter()
        .map(|line| (line.unit_price * line.quantity.units(), line.rate.scaled()))
        .collect();
    let percents: Vec<i64> = (1..=10).map(|place| place * 100).collect();
    criterion.bench_function("evaluate/20 lines, 100 discounts, 10 fit", |bench| {
        bench.iter(|| evaluate(black_box(&order), black_box(&candidates), &context));
    });
    criterion.bench_function("evaluate/the same, the best set chosen", |bench| {
        bench.iter(|| evaluate(black_box(&order), black_box(&candidates), &best));
    });
    criterion.bench_function("bare loop", |bench| {
        bench.iter(|| bare_loop(black_box(&prices), black_box(&percents)));
    });
    let ours = median_nanoseconds(|| {
        let _ = black_box(evaluate(
            black_box(&order),
            black_box(&candidates),
            &context,
        ));
    });
    let bare = median_nanoseconds(|| {
        black_box(bare_loop(black_box(&prices), black_box(&percents)));
    });
    println!(
        "median {ours} ns; bare loop {bare} ns; ratio {}",
        ours / bare.max(1)
    );
}

criterion_group!(group, benches);
criterion_main!(group);
