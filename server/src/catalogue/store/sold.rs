use crate::catalogue::sold::{Sold, SoldGroup, SoldModifier};
use crate::hall::error::Result;
use crate::hall::filter::places;
use crate::hall::id::{ModifierId, ProductId, VenueId};
use crate::hall::store::{Read, Value};

/// A group of a product, and one of its modifiers where it has any.
pub type Choice = (ProductId, SoldGroup, Option<SoldModifier>);

fn bound(venue: VenueId, ids: &[ProductId]) -> Vec<Value> {
    let ids = ids.iter().map(Value::from);
    std::iter::once(venue.into()).chain(ids).collect()
}

/// By id, without what may be added to them.
pub fn products(read: &mut Read, venue: VenueId, ids: &[ProductId]) -> Result<Vec<Sold>> {
    let sql = format!(
        "select p.product_id, p.name, p.category_id, c.regulated, p.tax_class_id, v.price
         from products p
         join product_prices v on v.tenant_id = p.tenant_id and v.product_id = p.product_id
         join categories c on c.tenant_id = p.tenant_id and c.category_id = p.category_id
         where p.tenant_id = $1 and v.venue_id = $2 and p.archived_at is null
           and p.product_id in ({})
         order by p.product_id",
        places(3, ids.len())
    );
    let rows = read.query(&sql, &bound(venue, ids))?;
    let sold = rows.iter().map(|row| {
        Ok(Sold {
            product_id: row.get(0)?,
            name: row.get(1)?,
            category_id: row.get(2)?,
            regulated: row.get(3)?,
            tax_class_id: row.get(4)?,
            price: row.get(5)?,
            groups: Vec::new(),
            modifiers: Vec::new(),
        })
    });
    sold.collect()
}

/// What may be added, by product, then in the order in which the till asks. A modifier whose price is in
/// another currency than the venue's is not for this venue.
pub fn choices(read: &mut Read, venue: VenueId, ids: &[ProductId]) -> Result<Vec<Choice>> {
    let sql = format!(
        "select l.product_id, g.modifier_group_id, g.name, g.choose_min, g.choose_max,
           m.modifier_id, m.name, m.price_delta
         from product_modifier_groups l
         join modifier_groups g on g.tenant_id = l.tenant_id and g.modifier_group_id = l.modifier_group_id
         join venues v on v.tenant_id = l.tenant_id and v.venue_id = $2
         left join modifiers m on m.tenant_id = g.tenant_id
           and m.modifier_group_id = g.modifier_group_id and m.archived_at is null
           and (m.currency = v.currency or m.price_delta = 0)
         where l.tenant_id = $1 and g.archived_at is null and l.product_id in ({})
         order by l.product_id, l.position, g.modifier_group_id, m.position, m.modifier_id",
        places(3, ids.len())
    );
    let rows = read.query(&sql, &bound(venue, ids))?;
    let choices = rows.iter().map(|row| {
        let group = SoldGroup {
            id: row.get(1)?,
            name: row.get(2)?,
            choose_min: row.get(3)?,
            choose_max: row.get(4)?,
        };
        let modifier = match row.get::<Option<ModifierId>>(5)? {
            None => None,
            Some(id) => Some(SoldModifier {
                id,
                group_id: group.id,
                name: row.get(6)?,
                price_delta: row.get(7)?,
            }),
        };
        Ok((row.get(0)?, group, modifier))
    });
    choices.collect()
}
