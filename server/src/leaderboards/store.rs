use jiff::civil::Date;

use super::board::{Span, Standing};
use super::members::Member;
use crate::hall::error::Result;
use crate::hall::id::{CustomerId, VenueId};
use crate::hall::store::{Read, Row, Tx, word};
use crate::params;

/// Rows of one statement, so that its values stay within what both stores bind.
const CHUNK: usize = 500;

pub fn member(read: &mut Read, customer: CustomerId) -> Result<Option<Member>> {
    let row = read.first(
        "select alias, since from leaderboard_members where tenant_id = $1 and customer_id = $2",
        params![customer],
    )?;
    let member = row.map(|row| {
        Ok(Member {
            alias: row.get(0)?,
            since: row.get(1)?,
        })
    });
    member.transpose()
}

/// # Errors
/// `Violation(Unique)` where another member has the alias.
pub fn put_member(tx: &mut Tx, customer: CustomerId, member: &Member, folded: &str) -> Result<()> {
    tx.exec(
        "insert into leaderboard_members (tenant_id, customer_id, alias, alias_fold, since)
         values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, customer_id) do update
           set alias = excluded.alias, alias_fold = excluded.alias_fold",
        params![customer, &member.alias, folded, member.since],
    )
    .map(|_| ())
}

pub fn remove(tx: &mut Tx, customer: CustomerId) -> Result<()> {
    tx.queue(
        "delete from leaderboard_points where tenant_id = $1 and customer_id = $2",
        params![customer],
    )?;
    tx.queue(
        "delete from leaderboard_members where tenant_id = $1 and customer_id = $2",
        params![customer],
    )
}

/// The totals of a new member.
pub fn insert(tx: &mut Tx, customer: CustomerId, totals: &[(VenueId, Span, i64)]) -> Result<()> {
    for chunk in totals.chunks(CHUNK) {
        let (mut rows, mut params) = (Vec::with_capacity(chunk.len()), params![customer].to_vec());
        for (venue, span, points) in chunk {
            let at = params.len() + 2;
            rows.push(format!(
                "($1, ${at}, ${}, ${}, ${}, $2, ${})",
                at + 1,
                at + 2,
                at + 3,
                at + 4
            ));
            let (from, until) = (span.starts_on, span.ends_before);
            params.extend_from_slice(params![*venue, word(&span.period)?, from, until, *points]);
        }
        let sql = format!(
            "insert into leaderboard_points
               (tenant_id, venue_id, period, starts_on, ends_before, customer_id, points)
             values {}",
            rows.join(", ")
        );
        tx.queue(&sql, &params)?;
    }
    Ok(())
}

/// Adds points to each of these boards, where the customer is a member.
pub fn add(
    tx: &mut Tx,
    customer: CustomerId,
    venue: VenueId,
    spans: [Span; 4],
    points: i64,
) -> Result<()> {
    let mut params = params![customer, venue, points].to_vec();
    for span in spans {
        let (from, until): (Date, Date) = (span.starts_on, span.ends_before);
        params.extend_from_slice(params![word(&span.period)?, from, until]);
    }
    tx.queue(
        "insert into leaderboard_points
           (tenant_id, venue_id, period, starts_on, ends_before, customer_id, points)
         select m.tenant_id, $3, v.column1, v.column2, v.column3, m.customer_id, cast($4 as bigint)
         from leaderboard_members m
         cross join (values (cast($5 as text), cast($6 as text), cast($7 as text)), ($8, $9, $10), ($11, $12, $13),
           ($14, $15, $16)) as v
         where m.tenant_id = $1 and m.customer_id = $2
         on conflict (tenant_id, venue_id, period, starts_on, customer_id) do update
           set points = leaderboard_points.points + excluded.points",
        &params,
    )
}

pub const TOP: &str = "select p.customer_id, m.alias, p.points
     from leaderboard_points p
     join leaderboard_members m on m.tenant_id = p.tenant_id and m.customer_id = p.customer_id
     join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id and c.archived_at is null
     where p.tenant_id = $1 and p.venue_id = $2 and p.period = $3 and p.starts_on = $4 and p.points > 0
     order by p.points desc, p.customer_id desc limit $5";

/// The first of a board, in its order.
pub fn top(read: &mut Read, venue: VenueId, span: Span, limit: i64) -> Result<Vec<Standing>> {
    let rows = read.query(
        TOP,
        params![venue, word(&span.period)?, span.starts_on, limit],
    )?;
    rows.iter().map(standing).collect()
}

fn standing(row: &Row) -> Result<Standing> {
    Ok(Standing {
        customer: row.get(0)?,
        alias: row.get(1)?,
        points: row.get(2)?,
    })
}

pub const OWN: &str = "select p.customer_id, m.alias, p.points,
       (select count(*) from (select 1 from leaderboard_points o
          join customers c on c.tenant_id = o.tenant_id and c.customer_id = o.customer_id and c.archived_at is null
          where o.tenant_id = $1 and o.venue_id = $2 and o.period = $3 and o.starts_on = $4
            and o.points > p.points limit 10000) as ahead)
     from leaderboard_points p
     join leaderboard_members m on m.tenant_id = p.tenant_id and m.customer_id = p.customer_id
     where p.tenant_id = $1 and p.venue_id = $2 and p.period = $3 and p.starts_on = $4 and p.customer_id = $5
       and p.points > 0";

/// A member's total on a board, and how many stand before them: up to ten thousand, as every count.
pub fn own(
    read: &mut Read,
    venue: VenueId,
    span: Span,
    customer: CustomerId,
) -> Result<Option<(Standing, i64)>> {
    let row = read.first(
        OWN,
        params![venue, word(&span.period)?, span.starts_on, customer],
    )?;
    row.map(|row| Ok((standing(&row)?, row.get(3)?)))
        .transpose()
}
