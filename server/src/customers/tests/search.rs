use std::collections::BTreeSet;

use crate::customers::list::{Asked, Sort};
use crate::customers::search::needles;
use crate::customers::store::{lists, terms};
use crate::hall::journal::By;
use crate::hall::store::{Scope, plan};
use crate::hall::testing::{Store, TestApp};
use crate::params;

fn asked(sort: Sort) -> Asked {
    Asked {
        venue: None,
        group: None,
        tags: Vec::new(),
        needles: Vec::new(),
        active: true,
        updated_since: None,
        sort,
    }
}

/// PostgreSQL chooses by figures of the rows that it has, and here it has none.
#[tokio::test]
async fn no_search_and_no_list_reads_a_whole_table() {
    let app = TestApp::new(Store::Sqlite).await;
    let range = |word: &str| (word.to_owned(), format!("{word}\u{10FFFF}"));
    let near: BTreeSet<String> = crate::customers::terms::near("lindqvist");
    let mut asks = vec![
        (terms::RANGE.to_owned(), params!["a", "b", 200].to_vec()),
        terms::asking_all(None, &[range("asa"), range("lind")], 200),
        terms::asking_all(Some(&near), &[range("asa")], 200),
    ];
    let venue = Some(app.venue);
    for sort in [
        Sort::Name,
        Sort::CreatedDown,
        Sort::Updated,
        Sort::SeenDown,
        Sort::SpentDown,
    ] {
        for venue in [None, venue] {
            asks.push(lists::listing(
                &Asked {
                    venue,
                    ..asked(sort)
                },
                None,
                51,
                0,
            ));
        }
    }
    let unsorted = asks.len();
    asks.push(lists::listing(
        &Asked {
            needles: needles("asa lind", "SE"),
            ..asked(Sort::Name)
        },
        None,
        51,
        0,
    ));
    for (place, (sql, values)) in asks.into_iter().enumerate() {
        let asked = sql.clone();
        let scope = Scope::new(app.tenant, app.now(), By::cli());
        let told = app
            .hall
            .db
            .read(scope, move |read| plan(read, &sql, &values))
            .await
            .expect("the store tells its plan");
        let scans = told
            .lines()
            .any(|line| line.starts_with("SCAN") && !line.contains("SCAN d"));
        let all_terms = told
            .lines()
            .any(|line| line.contains("customer_terms") && line.ends_with("(tenant_id=?)"));
        assert!(!all_terms, "{asked}\n{told}");
        assert!(!scans, "{asked}\n{told}");
        assert!(
            place >= unsorted || !told.contains("TEMP B-TREE FOR ORDER"),
            "{asked}\n{told}"
        );
    }
}
