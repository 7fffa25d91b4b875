//! What the till waits for: searches of each kind on a store full of customers.
//!
//! `REGULARS_BENCH_CUSTOMERS=1000000 cargo bench --bench search`; without it 200,000. The store is SQLite in a
//! folder that is deleted afterwards; a search is measured from the call to the answer, thread hop included.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use server::customers::search::{self, Find};
use server::customers::terms::{self, Searched};
use server::hall::error::Result;
use server::hall::id::{CustomerId, TenantId};
use server::hall::identity::{self, Mode, TaxMode, TillMode, Venue};
use server::hall::journal::By;
use server::hall::secret::Entropy;
use server::hall::store::{Db, Place, Scope, Settings, Tx, Value};
use server::platform::chain::{self, CreateVenue, Founding};
use server::platform::hours::OpeningHours;
use server::platform::venues;

const SEARCHES: usize = 300;
const CUSTOMERS_AT_ONCE: usize = 1_000;
const ROWS_PER_STATEMENT: usize = 500;

/// Frequent names first: the n-th is taken about 1/n as often as the first.
const FIRST: &[&str] = &[
    "Anna", "Erik", "Maria", "Lars", "Åsa", "Karl", "Eva", "Anders", "Björn", "Karin", "Johan",
    "Sofia", "Göran", "Ingrid", "Mikael", "Lucía", "Søren", "Zoë", "Łukasz", "Þóra", "Jürgen",
    "Amélie", "José", "Noémi", "Oskar", "Wilma", "Hugo", "Elsa", "Nils", "Tuva",
];
const LAST: &[&str] = &[
    "Andersson",
    "Johansson",
    "Karlsson",
    "Nilsson",
    "Eriksson",
    "Lindqvist",
    "Svensson",
    "Öberg",
    "Åkerblom",
    "Sjöström",
    "Núñez",
    "García",
    "Sørensen",
    "Kowalski",
    "Björkman",
    "Nyström",
    "Hedström",
    "Lundgren",
    "Wallin",
    "Engström",
    "Sandberg",
    "Falk",
    "Holmqvist",
    "Ekström",
];

/// The same numbers each time: two runs are compared.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap_or(0)
    }

    fn name<'n>(&mut self, names: &[&'n str]) -> &'n str {
        let most = self.below(names.len()) + 1;
        names[self.below(most)]
    }
}

struct Guest {
    id: CustomerId,
    first: &'static str,
    last: String,
    email: String,
    phone: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let customers: usize = std::env::var("REGULARS_BENCH_CUSTOMERS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(200_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("regulars.db");
    let entropy = Entropy::seeded(7);
    let db = Db::open(Settings::at(
        Place::Sqlite { file: file.clone() },
        entropy.clone(),
    ))
    .await?;
    let now: Timestamp = "2026-06-12T10:00:00Z".parse().expect("an instant");
    let tenant: TenantId = entropy.id(now);
    let scope = Scope::new(tenant, now, By::cli()).patient();
    let venue = db
        .write(scope.clone(), Vec::new(), move |tx| found(tx, tenant))
        .await?;
    let filling = Instant::now();
    let guests = fill(&db, &scope, &entropy, customers).await?;
    let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
    println!(
        "{customers} customers in {:.1?}, {} MiB",
        filling.elapsed(),
        bytes >> 20
    );
    println!("{:<34} {:>9} {:>9} {:>9}", "search", "p50", "p99", "max");
    measure(&db, &scope, &venue, &guests).await?;
    db.close().await;
    Ok(())
}

fn found(tx: &mut Tx, tenant: TenantId) -> Result<Venue> {
    let founding = Founding {
        tenant,
        slug: "bench".into(),
        name: "Bench".into(),
        mode: Mode::Test,
        language: "sv".into(),
        currency: "SEK".into(),
    };
    chain::found(tx, &founding)?;
    let ask = CreateVenue {
        slug: "harbour".into(),
        name: "Harbour".into(),
        zone: "Europe/Stockholm".into(),
        country: "SE".into(),
        currency: "SEK".into(),
        language: "sv".into(),
        business_day_start: "05:00".into(),
        tax_mode: TaxMode::Inclusive,
        till_mode: TillMode::Full,
        regulated: venues::alcohol(),
        opening_hours: OpeningHours::default(),
    };
    let id = chain::open_venue(tx, &ask)?;
    Ok(identity::venue(tx, id)?.expect("the venue was opened"))
}

async fn fill(db: &Db, scope: &Scope, entropy: &Entropy, customers: usize) -> Result<Vec<Guest>> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut all = Vec::with_capacity(customers);
    while all.len() < customers {
        let count = CUSTOMERS_AT_ONCE.min(customers - all.len());
        let from = all.len();
        let guests = (from..from + count).map(|n| Guest {
            id: entropy.id(scope.now),
            first: dice.name(FIRST),
            last: format!(
                "{}{}",
                dice.name(LAST),
                ["", "", "", "-Ek", " Berg"][dice.below(5)]
            ),
            email: format!("guest{n}@example.com"),
            phone: format!("+467{:08}", (n * 7_919) % 100_000_000),
        });
        let guests: Vec<Guest> = guests.collect();
        let (people, words) = rows(&guests);
        db.write(scope.clone(), Vec::new(), move |tx| {
            many(tx, CUSTOMER, 7, &people)?;
            many(tx, TERM, 2, &words)
        })
        .await?;
        all.extend(guests);
    }
    Ok(all)
}

const CUSTOMER: &str = "insert into customers (tenant_id, customer_id, email, phone, first_name,
    last_name, sort_name, last_seen_at, language, source, created_at, updated_at) values ";
const TERM: &str = "insert into customer_terms (tenant_id, term, customer_id) values ";

fn rows(guests: &[Guest]) -> (Vec<Value>, Vec<Value>) {
    let (mut people, mut words) = (Vec::new(), Vec::new());
    for (place, guest) in guests.iter().enumerate() {
        let seen = i64::try_from(place).unwrap_or(0);
        people.extend([
            Value::from(guest.id),
            Value::from(&guest.email),
            Value::from(&guest.phone),
            Value::from(guest.first),
            Value::from(&guest.last),
            Value::from(terms::sort_name(Some(guest.first), Some(&guest.last))),
            Value::from(seen),
        ]);
        let searched = Searched {
            first_name: Some(guest.first),
            last_name: Some(&guest.last),
            email: Some(&guest.email),
            phone: Some(&guest.phone),
            tags: &[],
        };
        for term in terms::of(searched) {
            words.extend([Value::from(term), Value::from(guest.id)]);
        }
    }
    (people, words)
}

/// Inserts rows of `width` values each, many to a statement.
fn many(tx: &mut Tx, into: &str, width: usize, values: &[Value]) -> Result<()> {
    let rest = if width == 7 {
        ", 'sv', 'IMPORT', 0, 0"
    } else {
        ""
    };
    for chunk in values.chunks(width * ROWS_PER_STATEMENT) {
        let row = |row: usize| {
            let places: Vec<String> = (0..width)
                .map(|place| format!("${}", row * width + place + 2))
                .collect();
            format!("($1, {}{rest})", places.join(", "))
        };
        let rows: Vec<String> = (0..chunk.len() / width).map(row).collect();
        tx.exec(&format!("{into}{}", rows.join(", ")), chunk)?;
    }
    Ok(())
}

/// What is typed, made from one of the guests.
type Typed = fn(&Guest) -> String;

const KINDS: &[(&str, Typed)] = &[
    ("first name, whole", |guest| guest.first.into()),
    ("two letters", |guest| guest.first.chars().take(2).collect()),
    ("last name, half", |guest| {
        guest.last.chars().take(4).collect()
    }),
    ("both names", |guest| {
        format!("{} {}", guest.first, guest.last)
    }),
    ("both, last name first, cut", |guest| {
        format!(
            "{} {}",
            guest.last,
            guest.first.chars().take(3).collect::<String>()
        )
    }),
    ("two beginnings", |guest| {
        let cut = |name: &str| name.chars().take(3).collect::<String>();
        format!("{} {}", cut(guest.first), cut(&guest.last))
    }),
    ("last name, a letter left out", |guest| {
        let letters = guest.last.chars().enumerate();
        letters
            .filter(|(place, _)| *place != 3)
            .map(|(_, letter)| letter)
            .collect()
    }),
    ("both, a letter wrong", |guest| {
        let letters = guest.last.chars().enumerate();
        let wrong: String = letters
            .map(|(place, letter)| if place == 2 { 'x' } else { letter })
            .collect();
        format!("{} {wrong}", guest.first)
    }),
    ("two that never meet", |_| "anna qvistberg".into()),
    ("last four digits", |guest| {
        guest.phone[guest.phone.len() - 4..].into()
    }),
    ("national number", |guest| format!("0{}", &guest.phone[3..])),
    ("email, half", |guest| guest.email.chars().take(9).collect()),
];

async fn measure(db: &Db, scope: &Scope, venue: &Venue, guests: &[Guest]) -> Result<()> {
    let mut dice = Dice(7);
    for (name, typed) in KINDS {
        let mut took = Vec::with_capacity(SEARCHES);
        let mut hits = 0;
        for _ in 0..SEARCHES {
            let find = Find {
                q: Some(typed(&guests[dice.below(guests.len())])),
                ..Find::default()
            };
            let venue = venue.clone();
            let begun = Instant::now();
            let found = db
                .read(scope.clone(), move |read| {
                    search::search(read, &venue, &find)
                })
                .await?;
            took.push(begun.elapsed());
            hits += found.len();
        }
        took.sort_unstable();
        let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
        let (p50, p99, max) = (ms(at(50)), ms(at(99)), ms(at(100)));
        println!(
            "{name:<34} {p50:>9} {p99:>9} {max:>9}   {} found",
            hits / SEARCHES
        );
    }
    Ok(())
}

fn ms(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1_000.0)
}
