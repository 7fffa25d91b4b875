//! Lists: what may be asked for, and how a part of a list is answered.
//!
//! A page number is for people and shallow lists, a cursor for programs that read to the end: it holds the sort
//! keys of the last row, so what is inserted meanwhile neither repeats nor hides a row.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use data_encoding::BASE64URL_NOPAD;
use serde::de::{DeserializeOwned, Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::error::{Code, Error, Extra, Result};
use super::http::{pairs, query_of};

/// Exact up to here: counting further would make a list slower with every row.
pub const COUNT_MAX: u64 = 10_000;
/// Deeper than this a page number would skip more rows than it shows; a cursor goes on.
const PAGE_MAX: u32 = 1_000;
const PAGE_SIZE_MAX: u32 = 200;
const PAGE_SIZE: u32 = 50;
/// Sort keys are a few short values; what is longer was not made here.
const CURSOR_BYTES_MAX: usize = 1_024;

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The page to show, from 1; not together with `cursor`.
    #[serde(deserialize_with = "page_number")]
    #[param(minimum = 1, maximum = 1000, default = 1)]
    pub page: u32,
    #[serde(deserialize_with = "page_size")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub page_size: u32,
    /// `nextCursor` of the page before, with the same filters.
    pub cursor: Option<String>,
    /// What the cursor belongs to: the path and the filters.
    #[serde(skip)]
    #[param(ignore)]
    scope: String,
}

impl Default for Paging {
    fn default() -> Paging {
        Paging {
            page: 1,
            page_size: PAGE_SIZE,
            cursor: None,
            scope: String::new(),
        }
    }
}

impl Paging {
    /// Rows to fetch: one more than shown, which tells whether there is a next page.
    pub fn limit(&self) -> i64 {
        i64::from(self.page_size) + 1
    }

    /// Rows to skip; 0 with a cursor.
    pub fn offset(&self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.page_size)
    }

    /// The sort keys to go on after, as [`Page::of`] was given them.
    ///
    /// # Errors
    /// `Code::CursorInvalid` when it was made for another list, other filters, or by somebody else.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let read = || {
            let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
            let (scope, keys) = serde_json::from_slice::<(String, K)>(&bytes).ok()?;
            (scope == self.scope).then_some(keys)
        };
        let keys = if cursor.len() > CURSOR_BYTES_MAX {
            None
        } else {
            read()
        };
        keys.map(Some)
            .ok_or_else(|| Error::Refused(Code::CursorInvalid, Extra::none()))
    }

    fn cursor_after<K: Serialize>(&self, keys: &K) -> Option<String> {
        let bytes = serde_json::to_vec(&(&self.scope, keys)).ok()?;
        Some(BASE64URL_NOPAD.encode(&bytes))
    }
}

/// The query of a list: paging, and the filters of that list in `F`.
///
/// The two are one extractor because each alone would refuse the other's parameters as unknown.
///
/// # Errors
/// `Invalid` with the pointer `?name`.
#[derive(Debug, Clone)]
pub struct Listing<F> {
    pub paging: Paging,
    pub filter: F,
}

impl<F: DeserializeOwned, S: Sync> FromRequestParts<S> for Listing<F> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Listing<F>> {
        let is_paging = |name: &str| matches!(name, "page" | "pageSize" | "cursor");
        let (paging, filters): (Vec<_>, Vec<_>) = pairs(parts)?
            .into_iter()
            .partition(|(name, _)| is_paging(name));
        let with_page = paging.iter().any(|(name, _)| name == "page");
        let mut paging: Paging = query_of(&paging)?;
        if with_page && paging.cursor.is_some() {
            return Err(Error::field(
                "?page",
                "invalid",
                "Send page or cursor, not both.",
            ));
        }
        paging.scope = scope(parts.uri.path(), &filters);
        Ok(Listing {
            paging,
            filter: query_of(&filters).map_err(with_paging)?,
        })
    }
}

/// An unknown parameter is answered with those that are known, and the filters know only their own.
fn with_paging(error: Error) -> Error {
    let Error::Invalid(mut fields) = error else {
        return error;
    };
    for field in &mut fields {
        if field.code == "unknown_field" {
            let more = " Each list takes `page`, `pageSize` and `cursor`.";
            field.message.push_str(more);
        }
    }
    Error::Invalid(fields)
}

/// Nine characters that tell one list with its filters from another; it guards against mistakes, not attacks.
fn scope(path: &str, filters: &[(Cow<'_, str>, Cow<'_, str>)]) -> String {
    let mut sorted: Vec<_> = filters.iter().collect();
    sorted.sort();
    let mut sha = Sha256::new();
    sha.update(path);
    for (name, value) in sorted {
        // NUL is refused in a query, so it keeps names and values apart.
        sha.update(format!("\0{name}\0{value}"));
    }
    BASE64URL_NOPAD.encode(&sha.finalize()[..6])
}

fn page_number<'de, D: Deserializer<'de>>(source: D) -> Result<u32, D::Error> {
    within(
        source,
        PAGE_MAX,
        "a whole number from 1 to 1000; use `cursor` to go deeper",
    )
}

fn page_size<'de, D: Deserializer<'de>>(source: D) -> Result<u32, D::Error> {
    within(source, PAGE_SIZE_MAX, "a whole number from 1 to 200")
}

fn within<'de, D: Deserializer<'de>>(
    source: D,
    max: u32,
    wanted: &'static str,
) -> Result<u32, D::Error> {
    let number = u32::deserialize(source)?;
    if (1..=max).contains(&number) {
        return Ok(number);
    }
    Err(D::Error::invalid_value(
        Unexpected::Unsigned(number.into()),
        &wanted,
    ))
}

/// One part of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    pub items: Vec<T>,
    #[schema(example = 1)]
    pub page: u32,
    #[schema(example = 50)]
    pub page_size: u32,
    /// How many there are in all; absent when there are too many to count, or with a cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 128)]
    pub total: Option<u64>,
    /// Said in place of `total` when there are more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_at_least: Option<u64>,
    /// Send it as `cursor` to go on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// From up to `paging.limit()` rows, the count of all (which may stop at `COUNT_MAX + 1`; `None` when not
    /// counted), and the sort keys of a row.
    pub fn of<K: Serialize>(
        paging: &Paging,
        mut rows: Vec<T>,
        counted: Option<u64>,
        keys: impl FnOnce(&T) -> K,
    ) -> Page<T> {
        let more = rows.len() > paging.page_size as usize;
        rows.truncate(paging.page_size as usize);
        let last = rows.last().filter(|_| more);
        Page {
            next_cursor: last.and_then(|row| paging.cursor_after(&keys(row))),
            items: rows,
            page: paging.page,
            page_size: paging.page_size,
            total: counted.filter(|count| *count <= COUNT_MAX),
            total_at_least: counted
                .filter(|count| *count > COUNT_MAX)
                .map(|_| COUNT_MAX),
        }
    }

    /// As [`Page::map`], where showing an item may fail.
    pub fn try_map<U>(self, mut show: impl FnMut(T) -> Result<U>) -> Result<Page<U>> {
        let (page, page_size, total, total_at_least, next_cursor) = (
            self.page,
            self.page_size,
            self.total,
            self.total_at_least,
            self.next_cursor,
        );
        let items = self
            .items
            .into_iter()
            .map(&mut show)
            .collect::<Result<_>>()?;
        Ok(Page {
            items,
            page,
            page_size,
            total,
            total_at_least,
            next_cursor,
        })
    }

    /// The same part of the list with each item turned into what is shown.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(show).collect(),
            page: self.page,
            page_size: self.page_size,
            total: self.total,
            total_at_least: self.total_at_least,
            next_cursor: self.next_cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Filter {
        name: Option<String>,
    }

    async fn ask(uri: &str) -> Result<Listing<Filter>> {
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        Listing::from_request_parts(&mut parts, &()).await
    }

    fn page(paging: &Paging, counted: u64) -> Page<i64> {
        let rows = (0..paging.limit()).collect();
        Page::of(paging, rows, Some(counted), |row| (*row, "id"))
    }

    #[tokio::test]
    async fn a_list_is_asked_for_with_page_or_cursor() {
        let first = ask("/c?name=a").await.unwrap();
        assert_eq!((first.paging.limit(), first.paging.offset()), (51, 0));
        assert_eq!(first.filter.name.as_deref(), Some("a"));
        let third = ask("/c?page=3&pageSize=200").await.unwrap();
        assert_eq!((third.paging.limit(), third.paging.offset()), (201, 400));
        for (uri, pointer) in [
            ("/c?page=0", "?page"),
            ("/c?page=1001", "?page"),
            ("/c?pageSize=201", "?pageSize"),
            ("/c?pageSize=x", "?pageSize"),
            ("/c?page=1&cursor=x", "?page"),
            ("/c?nmae=x", "?nmae"),
        ] {
            match ask(uri).await {
                Err(Error::Invalid(fields)) => assert_eq!(fields[0].pointer, pointer, "{uri}"),
                other => panic!("{uri} gave {other:?}"),
            }
        }
        let Err(Error::Invalid(fields)) = ask("/c?limit=5").await else {
            panic!("no list has a limit");
        };
        assert_eq!(
            fields[0].message,
            "Remove `limit`: there is no such field here. Each list takes `page`, `pageSize` and `cursor`."
        );
    }

    #[tokio::test]
    async fn a_cursor_goes_on_in_the_same_list_only() {
        let cursor = page(&ask("/c?name=a&pageSize=2").await.unwrap().paging, 9)
            .next_cursor
            .unwrap();
        let next = ask(&format!("/c?cursor={cursor}&name=a")).await.unwrap();
        assert_eq!(
            next.paging.after::<(i64, String)>().unwrap(),
            Some((1, "id".into()))
        );
        let refused = async |uri: &str| {
            let after = ask(uri).await.unwrap().paging.after::<(i64, String)>();
            matches!(after, Err(Error::Refused(Code::CursorInvalid, _)))
        };
        assert!(refused(&format!("/c?cursor={cursor}&name=b")).await);
        assert!(refused(&format!("/d?cursor={cursor}&name=a")).await);
        let long = "A".repeat(2_000);
        for bad in [
            "",
            "x",
            "%F0%9F%8D%95",
            "W10",
            "bnVsbA",
            &cursor[1..],
            &long,
        ] {
            assert!(refused(&format!("/c?cursor={bad}&name=a")).await, "{bad}");
        }
        assert!(next.paging.after::<(i64, i64)>().is_err());
    }

    #[test]
    fn the_total_is_exact_until_it_is_too_large() {
        let paging = Paging::default();
        let exact = page(&paging, COUNT_MAX);
        assert_eq!(
            (exact.total, exact.total_at_least, exact.items.len()),
            (Some(10_000), None, 50)
        );
        let above = page(&paging, COUNT_MAX + 1);
        assert_eq!((above.total, above.total_at_least), (None, Some(10_000)));
        let last: Page<i64> = Page::of(&paging, vec![1], None, |row| *row);
        assert_eq!(last.next_cursor, None);
    }
}
