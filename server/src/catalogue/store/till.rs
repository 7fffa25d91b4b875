use super::{Listed, Order};
use crate::catalogue::till::{ButtonCategory, ButtonFilter, Face};
use crate::hall::error::Result;
use crate::hall::filter::Filter;
use crate::hall::id::VenueId;
use crate::hall::page::{Listing, Page};
use crate::hall::store::{Read, Row};
use crate::hall::text::{fold, prefix_end};

const LISTED: Listed = Listed {
    select:
        "select p.product_id, p.name, p.image_url, c.category_id, c.name, c.position, c.regulated
             from product_prices v
             join products p on p.tenant_id = v.tenant_id and p.product_id = v.product_id
             join categories c on c.tenant_id = p.tenant_id and c.category_id = p.category_id
             where v.tenant_id = $1",
    count: "select count(*) from (select 1 from product_prices v
            join products p on p.tenant_id = v.tenant_id and p.product_id = v.product_id
            where v.tenant_id = $1",
    by_name: Order {
        after: "(p.name_fold, p.product_id) > (?, ?)",
        sort: "order by p.name_fold, p.product_id limit ? offset ?",
    },
    by_update: Order {
        after: "(p.updated_at, p.product_id) > (?, ?)",
        sort: "order by p.updated_at, p.product_id limit ? offset ?",
    },
};

fn face(row: &Row) -> Result<Face> {
    let regulated: Option<String> = row.get(6)?;
    Ok(Face {
        id: row.get(0)?,
        name: row.get(1)?,
        image_url: row.get(2)?,
        category: ButtonCategory {
            id: row.get(3)?,
            name: row.get(4)?,
            position: row.get(5)?,
            regulated: regulated.map(|_| row.word(6)).transpose()?,
        },
    })
}

fn filter(venue: VenueId, ask: &ButtonFilter) -> Filter {
    let mut filter =
        Filter::default().and("v.venue_id = ? and p.archived_at is null", [venue.into()]);
    if let Some(search) = ask.search.as_deref().map(fold) {
        let end = prefix_end(&search);
        filter = filter.and(
            "p.name_fold >= ? and p.name_fold < ?",
            [search.into(), end.into()],
        );
    }
    filter.and_some("p.category_id = ?", ask.category_id)
}

pub fn faces(read: &mut Read, venue: VenueId, ask: &Listing<ButtonFilter>) -> Result<Page<Face>> {
    let filter = || filter(venue, &ask.filter);
    let (rows, counted) = LISTED.rows(read, &ask.paging, filter, false)?;
    let items = rows.iter().map(face).collect::<Result<_>>()?;
    Ok(Page::of(&ask.paging, items, counted, |last: &Face| {
        (fold(&last.name), last.id)
    }))
}
