//! What a migration makes of the rows that it finds.

use super::*;

/// Streaks in their third week of June, and a lot of which a refund took points back.
const BEFORE: &[&str] = &[
    "insert into venues (tenant_id, venue_id, slug, name, zone, country, currency, language, business_day_start,
       tax_mode, till_mode, opening_hours, created_at)
     select $1, 'ven_' || v.slug, v.slug, 'Boule', 'Europe/Paris', 'FR', 'EUR', 'en', '05:00', 'INCLUSIVE', 'FULL',
       '{}', 0 from (select 'a' as slug union all select 'b') v",
    "insert into customers (tenant_id, customer_id, sort_name, language, source, last_seen_at, created_at, updated_at)
     values ($1, 'cus_noor', 'noor', 'en', 'STAFF', 0, 0, 0)",
    "insert into visits (tenant_id, customer_id, business_day, venue_id, at, purchases) values
       ($1, 'cus_noor', '2026-05-31', 'ven_a', 0, 1), ($1, 'cus_noor', '2026-06-09', 'ven_a', 0, 0),
       ($1, 'cus_noor', '2026-06-10', 'ven_a', 0, 1), ($1, 'cus_noor', '2026-06-14', 'ven_a', 0, 2),
       ($1, 'cus_noor', '2026-06-14', 'ven_b', 0, 1), ($1, 'cus_noor', '2026-06-15', 'ven_b', 0, 1),
       ($1, 'cus_noor', '2026-06-21', 'ven_a', 0, 1), ($1, 'cus_noor', '2026-06-22', 'ven_a', 0, 1)",
    // The months were weeks when the last one was counted.
    "insert into streaks (tenant_id, streak_id, name, name_fold, period, length, bonus_points, grace_days, paused_at,
       created_at, updated_at) values
       ($1, 'days', 'x', 'x', 'DAY', 2, 50, 0, null, 0, 0), ($1, 'edited', 'x', 'x', 'MONTH', 2, 50, 0, null, 0, 0),
       ($1, 'months', 'x', 'x', 'MONTH', 2, 50, 0, null, 0, 0), ($1, 'weeks', 'x', 'x', 'WEEK', 2, 50, 0, 9, 0, 0)",
    "insert into streak_venues (tenant_id, venue_id, streak_id) values
       ($1, 'ven_b', 'days'), ($1, '*', 'edited'), ($1, '*', 'months'), ($1, 'ven_a', 'weeks'), ($1, 'ven_b', 'weeks')",
    "insert into streak_runs (tenant_id, customer_id, streak_id, last_start, periods) values
       ($1, 'cus_noor', 'days', '2026-06-15', 3), ($1, 'cus_noor', 'edited', '2026-06-15', 1),
       ($1, 'cus_noor', 'months', '2026-06-01', 2), ($1, 'cus_noor', 'weeks', '2026-06-15', 3)",
    "insert into streak_awards (tenant_id, streak_id, customer_id, period_start, turn, points, at) values
       ($1, 'days', 'cus_noor', '2026-06-14', 1, 50, 0), ($1, 'months', 'cus_noor', '2026-06-01', 1, 50, 0),
       ($1, 'weeks', 'cus_noor', '2026-06-08', 1, 50, 0)",
    "insert into points_ledger (tenant_id, customer_id, seq, ledger_id, kind, points, balance_after, cause_kind, cause_id,
       purchase_id, earn_kind, policy, at)
     select $1, 'cus_noor', n.seq, 'led_' || n.seq, 'EARN', 10, 10 * n.seq, 'order', 'ord_' || n.seq, 'ord_' || n.seq,
       'SPEND', '{}', 0 from (select 1 as seq union all select 2) n",
    "insert into points_lots (tenant_id, customer_id, lot_id, ledger_seq, earned_at, earned, open, redeemed, reversed, owed,
       expires_at)
     values ($1, 'cus_noor', 'reversed', 1, 0, 10, 3, 4, 3, 2, 70), ($1, 'cus_noor', 'spent', 1, 0, 10, 0, 10, 0, 0, 30),
       ($1, 'cus_noor', 'whole', 2, 0, 10, 10, 0, 0, 0, 50)",
    // Opened on one day and paid on the next, and what another system sold long ago.
    "insert into visits (tenant_id, customer_id, business_day, venue_id, at, purchases) values
       ($1, 'cus_noor', '2026-07-01', 'ven_a', 100, 1), ($1, 'cus_noor', '2026-07-02', 'ven_a', 200, 2),
       ($1, 'cus_noor', '2026-07-03', 'ven_b', 200, 1), ($1, 'cus_noor', '2026-07-04', 'ven_a', 300, 1)",
    "insert into orders (tenant_id, order_id, venue_id, status, customer_id, served_by, source, currency, tax_mode,
       opened_at, business_day, closed_at, decided, created_at, updated_at)
     select $1, 'ord_' || o.name, 'ven_a', o.status, o.customer_id, 'x', o.source, 'EUR', 'INCLUSIVE', 0, '2026-07-01',
       o.at, '{}', 0, 0
     from (select 'guest' as name, 'PAID' as status, 'TILL' as source, 250 as at, 'cus_noor' as customer_id
       union all select 'history', 'PAID', 'IMPORT', 250, 'cus_noor' union all select 'nobody', 'PAID', 'API', 250, null
       union all select 'opener', 'PAID', 'TILL', 200, 'cus_noor' union all select 'tab', 'OPEN', 'TILL', null, null) o",
];

const AFTER: &[(&str, &[&str])] = &[
    (
        "select v.streak_id || ' ' || v.period_start || ' ' || v.periods || ' by ' || v.business_day || ' ' || v.venue_id
           || case when a.turn is null then '' else ', paid' end
         from streak_visits v left join streak_awards a on a.tenant_id = v.tenant_id and a.streak_id = v.streak_id
           and a.customer_id = v.customer_id and a.period_start = v.period_start
         where v.tenant_id = $1 order by v.streak_id, v.period_start, v.business_day, v.venue_id",
        &[
            "days 2026-06-14 2 by 2026-06-14 ven_b, paid",
            "days 2026-06-15 3 by 2026-06-15 ven_b",
            "edited 2026-06-15 1 by 2026-06-15 ven_b",
            "edited 2026-06-15 1 by 2026-06-21 ven_a",
            "edited 2026-06-15 1 by 2026-06-22 ven_a",
            "months 2026-05-01 1 by 2026-05-31 ven_a",
            "months 2026-06-01 2 by 2026-06-10 ven_a, paid",
            "months 2026-06-01 2 by 2026-06-14 ven_a, paid",
            "months 2026-06-01 2 by 2026-06-14 ven_b, paid",
            "months 2026-06-01 2 by 2026-06-15 ven_b, paid",
            "months 2026-06-01 2 by 2026-06-21 ven_a, paid",
            "months 2026-06-01 2 by 2026-06-22 ven_a, paid",
            "weeks 2026-06-08 2 by 2026-06-10 ven_a, paid",
            "weeks 2026-06-08 2 by 2026-06-14 ven_a, paid",
            "weeks 2026-06-08 2 by 2026-06-14 ven_b, paid",
            "weeks 2026-06-15 3 by 2026-06-15 ven_b",
            "weeks 2026-06-15 3 by 2026-06-21 ven_a",
        ],
    ),
    (
        "select lot_id || ' ' || unearned from points_lots where tenant_id = $1 order by lot_id",
        &["reversed 5", "spent 0", "whole 0"],
    ),
    (
        "select customer_id || ' ' || points_end_at from customers where tenant_id = $1",
        &["cus_noor 50"],
    ),
    (
        "select order_id || ' ' || coalesce(paid_on, 'unpaid') from orders where tenant_id = $1 order by order_id",
        &[
            "ord_guest 2026-07-02",
            "ord_history 2026-07-01",
            "ord_nobody 2026-07-01",
            "ord_opener 2026-07-02",
            "ord_tab unpaid",
        ],
    ),
];

async fn what_was_counted_and_taken_back_is_read_from_older_rows(store: Store) {
    let (place, _folder) = a_place(store, "upgrading").await;
    let settings = Settings {
        writers: 2,
        readers: 1,
        ..Settings::at(place, Entropy::system())
    };
    let count = ALL
        .iter()
        .position(|migration| migration.name.contains("0022_"));
    let older = &ALL[..count.unwrap()];
    let step = settings.clone();
    tokio::task::spawn_blocking(move || apply_all(&step, older))
        .await
        .unwrap()
        .unwrap();
    let tenant: TenantId = Entropy::system().id(noon());
    let scope = Scope::new(tenant, noon(), By::cli());
    let db = Db::open_migrated(settings.clone()).await.unwrap();
    let seeded = db.write(scope.clone(), Vec::new(), move |tx| {
        chain::found(tx, &boule(tenant, "boule"))?;
        BEFORE
            .iter()
            .try_for_each(|sql| tx.exec(sql, params![]).map(|_| ()))
    });
    seeded.await.unwrap();
    db.close().await;
    let db = Db::open(settings.clone()).await.unwrap();
    for (sql, wanted) in AFTER {
        let found = db.read(scope.clone(), |read| {
            let rows = read.query(sql, params![])?;
            rows.iter()
                .map(|row| row.get::<String>(0))
                .collect::<Result<Vec<_>>>()
        });
        assert_eq!(found.await.unwrap(), *wanted);
    }
    db.close().await;
    leave(&settings.place).await;
}

#[tokio::test]
async fn what_was_counted_and_taken_back_is_read_from_older_rows_on_sqlite() {
    what_was_counted_and_taken_back_is_read_from_older_rows(Store::Sqlite).await;
}

#[tokio::test]
async fn what_was_counted_and_taken_back_is_read_from_older_rows_on_postgres() {
    what_was_counted_and_taken_back_is_read_from_older_rows(Store::Postgres).await;
}
