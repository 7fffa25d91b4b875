//! All laws, one after another.

use serde::Serialize;

use super::seal::seal_all;
use crate::hall::call::Hall;
use crate::hall::error::Result;
use crate::hall::law::{Breach, Law};
use crate::hall::store::is_whole;

/// How one law was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// `store` for the store's own check of its file.
    pub law: &'static str,
    pub about: &'static str,
    pub breaches: Vec<Breach>,
}

/// Seals, then asks the store and every law in the order of their numbers. `watch` is told of each.
///
/// # Errors
/// A law that cannot be asked.
pub async fn verify(hall: &Hall, mut watch: impl FnMut(&Verdict)) -> Result<Vec<Verdict>> {
    seal_all(hall).await?;
    let mut verdicts = vec![store_itself(hall).await?];
    watch(&verdicts[0]);
    // Two rooms may each keep a part of one law: it is told once.
    let laws = hall.laws();
    for parts in laws.chunk_by(|one, other| one.number == other.number) {
        let verdict = ask(hall, parts.to_vec()).await?;
        watch(&verdict);
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

async fn ask(hall: &Hall, parts: Vec<&'static Law>) -> Result<Verdict> {
    let (law, about) = (parts[0].number, parts[0].about);
    let asked = hall
        .db
        .across_tenants_patiently(hall.clock.now(), move |across| {
            let mut breaches = Vec::new();
            for part in &parts {
                breaches.extend(part.breaches(across)?);
            }
            Ok(breaches)
        });
    Ok(Verdict {
        law,
        about,
        breaches: asked.await?,
    })
}

async fn store_itself(hall: &Hall) -> Result<Verdict> {
    let whole = hall.db.across_tenants_patiently(hall.clock.now(), is_whole);
    let breach = Breach {
        law: "store",
        tenant: String::new(),
        what: "the file is damaged: restore the last backup".into(),
    };
    Ok(Verdict {
        law: "store",
        about: "The store's own check finds it whole.",
        breaches: if whole.await? {
            Vec::new()
        } else {
            vec![breach]
        },
    })
}
