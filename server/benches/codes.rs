//! Codes a second that the job of `bulk-generate` stores on SQLite, against a raw loop of the same statements.
//!
//! Each figure is the best of three rounds, ours and the limit's by turns, so that a disk that is slow for a minute
//! is slow for both.

use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, params_from_iter};
use server::app;
use server::coupons::{GenerateCoupons, batches};
use server::discounts;
use server::hall::allowance::Taken;
use server::hall::call::Hall;
use server::hall::id::TenantId;
use server::hall::identity::Mode;
use server::hall::journal::By;
use server::hall::secret::Entropy;
use server::hall::store::{Db, Place, Scope, Settings};
use server::hall::time::Clock;
use server::platform::chain::{self, Founding};

const CODES: i64 = 100_000;
const ROUNDS: usize = 3;
const ROWS: usize = 500;
/// Rows of one transaction, as the job has them.
const STEP: usize = 5_000;
const GOAL: f64 = 100_000.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(measure());
}

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
async fn measure() {
    let (mut ours, mut limit) = (0_f64, 0_f64);
    for _ in 0..ROUNDS {
        ours = ours.max(through_the_job().await);
        limit = limit.max(raw());
    }
    println!(
        "sqlite {ours:>9.0} codes/s   raw multi-row inserts {limit:>9.0} codes/s   ratio {:.2} (goal {GOAL} codes/s){}",
        ours / limit,
        if ours < GOAL { "   BELOW" } else { "" },
    );
}

async fn through_the_job() -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("regulars.db");
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let db = Db::open(Settings::at(Place::Sqlite { file }, entropy.clone()))
        .await
        .expect("the store opens");
    let hall = Hall {
        db,
        clock,
        entropy,
        master: Arc::new([7; 32]),
        public_url: "http://regulars.test".into(),
        rooms: app::ROOMS,
        taken: Taken::default(),
    };
    let tenant: TenantId = hall.entropy.id(hall.clock.now());
    let scope = Scope::new(tenant, hall.clock.now(), By::cli());
    let founded = hall.db.write(scope.clone(), Vec::new(), move |tx| {
        let founding = Founding {
            tenant,
            slug: "bench".into(),
            name: "Bench".into(),
            mode: Mode::Test,
            language: "en".into(),
            currency: "EUR".into(),
        };
        chain::found(tx, &founding)?;
        let percent = "20".parse().expect("a percent");
        let rule =
            engine::discount::Discount::percentage("new", engine::discount::Scope::Order, percent);
        let discount = discounts::create_hidden(tx, &rule, &[])?;
        let ask = serde_json::json!({"discountId": discount, "quantity": CODES, "maxUses": 1});
        let ask: GenerateCoupons = serde_json::from_value(ask).expect("a command");
        batches::ask_for(tx, None, &ask).map(|_| ())
    });
    founded.await.expect("the chain is founded");
    let job = hall
        .jobs()
        .find(|job| job.name == batches::GENERATE.name)
        .expect("the job");
    let began = Instant::now();
    let ran = server::jobs::run_now(&hall, tenant, job)
        .await
        .expect("the job runs");
    let took = began.elapsed();
    let detail = ran.expect("nobody else runs it").detail;
    assert_eq!(detail, format!("made {CODES} codes"));
    hall.db.close().await;
    CODES as f64 / took.as_secs_f64()
}

/// The same rows by the same statements, with nothing between them and the driver.
fn raw() -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("raw.db");
    let mut connection = Connection::open(file).expect("the file opens");
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full;
             create table coupons (tenant_id text not null, coupon_id text not null, batch_id text not null,
               code text not null, shown text, version integer not null default 1, paused_at integer,
               archived_at integer, primary key (tenant_id, coupon_id)) strict;
             create unique index coupons_by_code on coupons (tenant_id, code) where archived_at is null;
             create index coupons_archived on coupons (tenant_id, code) where archived_at is not null;
             create index coupons_paused on coupons (tenant_id, code)
               where paused_at is not null and archived_at is null;",
        )
        .expect("the table");
    let (sql, entropy) = (server::coupons::insert_text(ROWS), Entropy::system());
    // The driver takes `?3` where ours takes `$3`.
    let sql = sql.replace('$', "?");
    let began = Instant::now();
    let mut number = 0;
    while number < CODES {
        let codes = server::coupons::generate(&entropy, "", 10, STEP);
        let tx = connection.transaction().expect("a transaction");
        for rows in codes.chunks(ROWS) {
            let mut insert = tx.prepare_cached(&sql).expect("the statement");
            let mut values = vec![
                "ten_01kab4bqf8e1ftz0c6hqp2v9xw".to_owned(),
                "cbt_01kab4bqf8e1ftz0c6hqp2v9xw".to_owned(),
            ];
            for code in rows {
                values.push(format!("cpn_01kab4bqf8e1ftz0c6hqp2{number:05x}"));
                values.push(code.clone());
                number += 1;
            }
            insert.execute(params_from_iter(values)).expect("the rows");
        }
        tx.commit().expect("the commit");
    }
    CODES as f64 / began.elapsed().as_secs_f64()
}
