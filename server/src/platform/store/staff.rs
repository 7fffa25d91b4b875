use std::collections::HashMap;

use super::{List, edited};
use crate::hall::access::Role;
use crate::hall::error::{Code, Error, Extra, OnViolation, Result};
use crate::hall::id::{StaffId, VenueId};
use crate::hall::identity;
use crate::hall::page::{Page, Paging};
use crate::hall::store::{Read, Row, Tx};
use crate::params;
use crate::platform::Archived;
use crate::platform::staff::{EditStaff, StaffMember, TillStaff, VenueRole};

/// People whom a till shows to choose from.
const TILL_MAX: i64 = 500;

/// No boolean columns: whether something is set is 0 or 1.
const COLUMNS: &str = "staff_id, name, email,
    case when password_hash is null then 0 else 1 end, case when pin_hash is null then 0 else 1 end,
    archived_at, created_at, version";

fn member_of(row: &Row) -> Result<StaffMember> {
    Ok(StaffMember {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        password_set: row.get::<i32>(3)? == 1,
        pin_set: row.get::<i32>(4)? == 1,
        archived_at: row.get(5)?,
        created_at: row.get(6)?,
        version: row.get(7)?,
        roles: Vec::new(),
    })
}

fn taken() -> Error {
    Error::Conflict(Code::EmailTaken, Extra::none())
}

fn venue_word(venue: Option<VenueId>) -> String {
    venue.map_or_else(|| "*".to_owned(), |venue| venue.to_string())
}

pub fn insert(tx: &mut Tx, id: StaffId, ask: &EditStaff) -> Result<()> {
    tx.exec(
        "insert into staff (tenant_id, staff_id, name, email, created_at)
         values ($1, $2, $3, $4, $5)",
        params![id, &ask.name, &ask.email, tx.now()],
    )
    .on_unique(taken)
    .map(|_| ())
}

pub fn update(tx: &mut Tx, id: StaffId, ask: &EditStaff, version: i64) -> Result<()> {
    let changed = tx
        .exec(
            "update staff set name = $3, email = $4, version = version + 1
             where tenant_id = $1 and staff_id = $2 and version = $5",
            params![id, &ask.name, &ask.email, version],
        )
        .on_unique(taken)?;
    edited(changed)
}

pub fn insert_roles(tx: &mut Tx, id: StaffId, roles: &[VenueRole]) -> Result<()> {
    for given in roles {
        tx.queue(
            "insert into staff_roles (tenant_id, staff_id, venue_id, role) values ($1, $2, $3, $4)",
            params![id, venue_word(given.venue_id), given.role.word()],
        )?;
    }
    Ok(())
}

pub fn delete_roles(tx: &mut Tx, id: StaffId) -> Result<()> {
    let sql = "delete from staff_roles where tenant_id = $1 and staff_id = $2";
    tx.queue(sql, params![id])
}

pub fn mark_archived(tx: &mut Tx, id: StaffId) -> Result<()> {
    tx.queue(
        "update staff set archived_at = $3, version = version + 1
         where tenant_id = $1 and staff_id = $2 and archived_at is null",
        params![id, tx.now()],
    )
}

pub fn set_password(tx: &mut Tx, id: StaffId, hash: &str) -> Result<()> {
    tx.queue(
        "update staff set password_hash = $3, version = version + 1
         where tenant_id = $1 and staff_id = $2",
        params![id, hash],
    )
}

pub fn set_pin(tx: &mut Tx, id: StaffId, hash: &str) -> Result<()> {
    tx.queue(
        "update staff set pin_hash = $3, version = version + 1
         where tenant_id = $1 and staff_id = $2",
        params![id, hash],
    )
}

pub fn has_other_owner(read: &mut Read, leaving: StaffId) -> Result<bool> {
    let row = read.first(
        "select r.staff_id from staff_roles r
         join staff s on s.tenant_id = r.tenant_id and s.staff_id = r.staff_id
         where r.tenant_id = $1 and r.staff_id <> $2 and r.venue_id = '*' and r.role = 'OWNER'
           and s.archived_at is null
         limit 1",
        params![leaving],
    )?;
    Ok(row.is_some())
}

pub fn find(read: &mut Read, id: StaffId) -> Result<Option<StaffMember>> {
    let sql = format!("select {COLUMNS} from staff where tenant_id = $1 and staff_id = $2");
    let Some(row) = read.first(&sql, params![id])? else {
        return Ok(None);
    };
    let mut member = member_of(&row)?;
    let roles = identity::roles_of(read, id)?.into_iter();
    member.roles = roles
        .map(|(venue_id, role)| VenueRole { venue_id, role })
        .collect();
    Ok(Some(member))
}

pub fn list(read: &mut Read, paging: &Paging, filter: Archived) -> Result<Page<StaffMember>> {
    let list = List {
        table: "staff",
        columns: COLUMNS,
        id: "staff_id",
        filter: filter.sql(),
        params: Vec::new(),
    };
    let page = list.page(read, paging, member_of, |member| member.id.to_string())?;
    let mut roles = roles_between(read, &page)?;
    Ok(page.map(|mut member| {
        member.roles = roles.remove(&member.id).unwrap_or_default();
        member
    }))
}

/// A page is in the order of ids, so its people are all between the first and the last.
fn roles_between(
    read: &mut Read,
    page: &Page<StaffMember>,
) -> Result<HashMap<StaffId, Vec<VenueRole>>> {
    let mut all: HashMap<StaffId, Vec<VenueRole>> = HashMap::new();
    let (Some(first), Some(last)) = (page.items.first(), page.items.last()) else {
        return Ok(all);
    };
    let rows = read.query(
        "select staff_id, venue_id, role from staff_roles
         where tenant_id = $1 and staff_id >= $2 and staff_id <= $3 order by staff_id, venue_id",
        params![first.id, last.id],
    )?;
    for row in rows {
        let named: String = row.get(1)?;
        all.entry(row.get(0)?).or_default().push(VenueRole {
            venue_id: named.parse().ok(),
            role: row.word(2)?,
        });
    }
    Ok(all)
}

pub fn role_at(read: &mut Read, id: StaffId, venue: VenueId) -> Result<Option<Role>> {
    let rows = read.query(
        "select r.role from staff_roles r
         join staff s on s.tenant_id = r.tenant_id and s.staff_id = r.staff_id
         where r.tenant_id = $1 and r.staff_id = $2 and r.venue_id in ('*', $3)
           and s.archived_at is null",
        params![id, venue],
    )?;
    let roles: Result<Vec<Role>> = rows.iter().map(|row| row.word(0)).collect();
    Ok(roles?.into_iter().max())
}

pub fn pin_hash(read: &mut Read, id: StaffId) -> Result<Option<String>> {
    let row = read.first(
        "select pin_hash from staff
         where tenant_id = $1 and staff_id = $2 and archived_at is null",
        params![id],
    )?;
    row.map_or(Ok(None), |row| row.get(0))
}

pub fn password_hash(read: &mut Read, id: StaffId) -> Result<Option<String>> {
    let row = read.first(
        "select password_hash from staff
         where tenant_id = $1 and staff_id = $2 and archived_at is null",
        params![id],
    )?;
    row.map_or(Ok(None), |row| row.get(0))
}

/// Everybody with a PIN and a rank in the venue of at least `least`.
pub fn at_till(read: &mut Read, venue: VenueId, least: Role) -> Result<Vec<TillStaff>> {
    let rows = read.query(
        "select s.staff_id, s.name from staff s
         where s.tenant_id = $1 and s.archived_at is null and s.pin_hash is not null
           and exists (select 1 from staff_roles r where r.tenant_id = s.tenant_id
             and r.staff_id = s.staff_id and r.venue_id in ('*', $2)
             and (r.role in ('OWNER', $3) or $3 = 'STAFF'))
         order by s.staff_id limit $4",
        params![venue, least.word(), TILL_MAX],
    )?;
    rows.iter()
        .map(|row| {
            Ok(TillStaff {
                id: row.get(0)?,
                name: row.get(1)?,
            })
        })
        .collect()
}
