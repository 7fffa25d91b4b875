//! A law as `audit verify` checks it: a question whose answer must be empty.

use super::error::Result;
use super::store::Across;

/// At most this many breaches of one law are told; the first is enough to act on.
pub const BREACHES_MAX: i64 = 20;

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Breach {
    pub law: &'static str,
    pub tenant: String,
    /// Which row, and what is wrong with it.
    pub what: String,
}

#[derive(Debug, Clone, Copy)]
pub struct Law {
    /// As in the list of laws: `L01`.
    pub number: &'static str,
    pub about: &'static str,
    pub check: Check,
}

/// Gives (tenant, what is wrong) for each breach.
type Walk = fn(&mut Across<'_>) -> Result<Vec<(String, String)>>;

#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// A `select` over all tenants that gives (tenant, what is wrong) for each breach; `$1` is the limit.
    Query(&'static str),
    /// A walk that no single question can make.
    Walk(Walk),
}

impl Law {
    pub fn breaches(&self, across: &mut Across<'_>) -> Result<Vec<Breach>> {
        let found = match self.check {
            Check::Walk(walk) => walk(across)?,
            Check::Query(sql) => {
                let params = crate::params![BREACHES_MAX];
                let rows = across.query(sql, params)?;
                rows.iter()
                    .map(|row| Ok((row.get(0)?, row.get(1)?)))
                    .collect::<Result<_>>()?
            }
        };
        Ok(found
            .into_iter()
            .map(|(tenant, what)| Breach {
                law: self.number,
                tenant,
                what,
            })
            .collect())
    }
}
