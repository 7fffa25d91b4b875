//! Lists of customers, and the figures over them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::profile::Customer;
use super::search::{self, Needle};
use super::store::lists as store;
use super::terms;
use crate::hall::call::Reply;
use crate::hall::error::{Code, Error, Extra, Result};
use crate::hall::id::{CustomerId, GroupId, VenueId};
use crate::hall::identity::Venue;
use crate::hall::money::Money;
use crate::hall::page::{Page, Paging};
use crate::hall::store::Read;
use crate::platform::{refs, venues};

/// Tags that one list is filtered by.
const TAGS_MAX: usize = 10;
/// Who was here within this many days is active.
const ACTIVE_DAYS: i64 = 90;
/// The tag that makes a customer a VIP in the figures, in whatever case it is written.
const VIP: &str = "VIP";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    NameDown,
    #[serde(rename = "createdAt")]
    Created,
    #[serde(rename = "-createdAt")]
    CreatedDown,
    #[serde(rename = "updatedAt")]
    Updated,
    #[serde(rename = "-updatedAt")]
    UpdatedDown,
    #[serde(rename = "lastVisitAt")]
    Seen,
    #[serde(rename = "-lastVisitAt")]
    SeenDown,
    #[serde(rename = "totalSpent")]
    Spent,
    #[serde(rename = "-totalSpent")]
    SpentDown,
}

/// Whose customers a venue's list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Those seen there.
    #[default]
    Venue,
    /// All of the chain, for those who have a role in all of it.
    Chain,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Names by their beginnings, an email, or a phone or its last digits.
    #[param(example = "asa")]
    pub search: Option<String>,
    pub customer_group_id: Option<GroupId>,
    /// Repeat it for several: the customers that have them all.
    pub tags: Vec<String>,
    /// `-lastVisitAt`, or `updatedAt` with `updatedSince`, unless said. Who never came counts from when they
    /// became known.
    #[param(inline)]
    pub sort: Option<Sort>,
    /// `false` lists those who were put away.
    #[param(default = true)]
    pub active: Option<bool>,
    pub updated_since: Option<Timestamp>,
    #[param(inline)]
    pub scope: Reach,
}

/// What the list is to hold, as the store is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Only those seen there.
    pub venue: Option<VenueId>,
    pub group: Option<GroupId>,
    pub tags: Vec<String>,
    pub needles: Vec<Needle>,
    pub active: bool,
    pub updated_since: Option<Timestamp>,
    pub sort: Sort,
}

/// The sort key of a row, as its cursor holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    Int(i64),
    Text(String),
}

/// `venue` is where the list is asked for; `country` the region of a phone that is searched.
pub fn list(
    read: &mut Read,
    venue: Option<&Venue>,
    filter: &Filter,
    paging: &Paging,
) -> Result<Page<Customer>> {
    let mut asked = asked(venue, filter)?;
    let after: Option<(Key, CustomerId)> = paging.after()?;
    let fits = |key: &Key| matches!(key, Key::Text(_)) == store::sorts_by_text(asked.sort);
    if after.as_ref().is_some_and(|(key, _)| !fits(key)) {
        return Err(Error::Refused(Code::CursorInvalid, Extra::none()));
    }
    let mut page = part(read, &asked, after.as_ref(), paging)?;
    let none = page.items.is_empty() && page.total.unwrap_or(0) == 0;
    if none && let Some(near) = search::near_needles(filter.search.as_deref()) {
        // Nobody is called so: then whoever is called almost so.
        asked.needles = near;
        page = part(read, &asked, after.as_ref(), paging)?;
    }
    let ids: Vec<CustomerId> = page.items.iter().map(|customer| customer.id).collect();
    let mut named = refs::of_many(read, &ids)?;
    for customer in &mut page.items {
        customer.external_refs = named.remove(&customer.id.to_string()).unwrap_or_default();
    }
    Ok(page)
}

fn part(
    read: &mut Read,
    asked: &Asked,
    after: Option<&(Key, CustomerId)>,
    paging: &Paging,
) -> Result<Page<Customer>> {
    let counted = match after {
        None => Some(store::count(read, asked)?),
        Some(_) => None,
    };
    let rows = store::list(read, asked, after, paging)?;
    let page = Page::of(
        paging,
        rows,
        counted,
        |(customer, key): &(Customer, Key)| (key.clone(), customer.id),
    );
    Ok(page.map(|(customer, _)| customer))
}

fn asked(venue: Option<&Venue>, filter: &Filter) -> Result<Asked> {
    if filter.tags.len() > TAGS_MAX {
        let message = format!("Send at most {TAGS_MAX} tags.");
        return Err(Error::field("?tags", "too_many", message));
    }
    let sort = match (filter.sort, filter.updated_since) {
        (Some(sort), _) => sort,
        (None, Some(_)) => Sort::Updated,
        (None, None) => Sort::SeenDown,
    };
    let country = venue.map_or("", |venue| venue.country.as_str());
    let search = filter
        .search
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    Ok(Asked {
        venue: venue
            .filter(|_| filter.scope == Reach::Venue)
            .map(|venue| venue.id),
        group: filter.customer_group_id,
        tags: filter.tags.iter().map(|tag| terms::tag(tag)).collect(),
        needles: search.map_or_else(Vec::new, |text| search::needles(text, country)),
        active: filter.active.unwrap_or(true),
        updated_since: filter.updated_since,
        sort,
    })
}

/// The figures of a venue's customers, or of the chain's.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerStats {
    #[schema(example = 1204)]
    pub total_customers: i64,
    /// With a visit in the last 90 days.
    #[schema(example = 321)]
    pub active_customers: i64,
    /// Known since the first of this month.
    #[schema(example = 12)]
    pub new_this_month: i64,
    /// With the tag `VIP`.
    #[schema(example = 9)]
    pub vip_customers: i64,
    /// Of those who came at all, how many came again, in percent.
    #[schema(example = "42.86")]
    pub returning_rate: String,
    /// Spent per customer who paid at all, in the reporting currency.
    pub average_spend: Money,
    /// At most five.
    pub top_spenders: Vec<Spender>,
    /// Whether there are more than 100,000 customers: then the figures are of those seen last.
    pub partial: bool,
}

impl Reply for CustomerStats {}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spender {
    pub id: CustomerId,
    #[schema(example = "Åsa")]
    pub first_name: Option<String>,
    #[schema(example = "Lindqvist")]
    pub last_name: Option<String>,
    #[schema(example = 12)]
    pub total_visits: i64,
    pub total_spent: Money,
}

pub fn stats(read: &mut Read, venue: Option<&Venue>, currency: &str) -> Result<CustomerStats> {
    let now = read.now();
    let zone = match venue {
        Some(venue) => venue.zone.clone(),
        None => venues::home_zone(read)?,
    };
    let local = now.to_zoned(zone);
    let month = local
        .first_of_month()
        .and_then(|first| first.start_of_day())
        .map_err(Error::bug)?;
    let active_since = now - SignedDuration::from_hours(24 * ACTIVE_DAYS);
    let id = venue.map(|venue| venue.id);
    let sums = store::sums(read, id, active_since, month.timestamp())?;
    let hundredths = if sums.came == 0 {
        0
    } else {
        (sums.came_again * 20_000 + sums.came) / (2 * sums.came)
    };
    let average = super::profile::average(sums.spent, sums.paid, currency);
    Ok(CustomerStats {
        total_customers: sums.customers,
        active_customers: sums.active,
        new_this_month: sums.new,
        vip_customers: store::tagged(read, id, &terms::tag(VIP))?,
        returning_rate: format!("{}.{:02}", hundredths / 100, hundredths % 100),
        average_spend: average.unwrap_or_else(|| Money::of(0, currency)),
        top_spenders: store::top_spenders(read, id, currency)?,
        partial: sums.customers >= store::SUMMED_MAX,
    })
}

/// A check that a handler makes of `scope=chain`.
///
/// # Errors
/// `Forbidden` for whoever has no role in the whole chain.
pub fn may_reach(filter: &Filter, in_chain: bool) -> Result<()> {
    if filter.scope == Reach::Chain && !in_chain {
        return Err(Error::Forbidden(crate::hall::access::Role::Staff));
    }
    Ok(())
}
