//! What must be true of points.

use jiff::SignedDuration;

use crate::hall::error::Result;
use crate::hall::law::{BREACHES_MAX, Check, Law};
use crate::hall::store::Across;
use crate::params;

/// The job that gives lapsed holds back runs each minute, and a busy server may be late with it.
const LATE_MAX: SignedDuration = SignedDuration::from_mins(10);

/// Holds whose time was over before the job last ran, on their tenant's clock.
fn overdue(across: &mut Across<'_>) -> Result<Vec<(String, String)>> {
    let before = across.now() - LATE_MAX;
    let rows = across.query(
        "select h.tenant_id, h.points || ' points of ' || h.customer_id || ' are still held by ' || h.purchase_id
         from points_holds h join tenants t on t.tenant_id = h.tenant_id
         where h.held_until < $1 + t.clock_offset_micros limit $2",
        params![before, BREACHES_MAX],
    )?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect()
}

pub const ALL: &[Law] = &[
    Law {
        number: "L01",
        about: "A customer's points are the sum of their ledger, and each row's balance is the running sum",
        check: Check::Query(
            "select tenant_id, what from (
               select l.tenant_id, 'row ' || l.seq || ' of ' || l.customer_id || ' says ' || l.balance_after
                   || ', the rows so far sum to ' || l.running as what
               from (select tenant_id, customer_id, seq, balance_after,
                       sum(points) over (partition by tenant_id, customer_id order by seq) as running
                     from points_ledger) l
               where l.balance_after <> l.running
               union all
               select c.tenant_id, 'customer ' || c.customer_id || ' shows ' || c.loyalty_points
                   || ', the ledger sums to ' || coalesce(sum(l.points), 0)
               from customers c left join points_ledger l
                 on l.tenant_id = c.tenant_id and l.customer_id = c.customer_id
               group by c.tenant_id, c.customer_id, c.loyalty_points
               having c.loyalty_points <> coalesce(sum(l.points), 0)
             ) broken limit $1",
        ),
    },
    Law {
        number: "L02",
        about: "Balance is open lots less debt, no debt while a lot is open, and each lot's parts are what it earned",
        check: Check::Query(
            "select tenant_id, 'lot ' || lot_id || ' earned ' || earned || ' and its parts are other'
             from points_lots
             where earned <> open + redeemed + expired + reversed + moved + settled + adjusted
               or open < 0 or redeemed < 0 or expired < 0 or reversed < 0 or moved < 0 or settled < 0
               or adjusted < 0
             union all
             select c.tenant_id, 'customer ' || c.customer_id || ' has ' || c.loyalty_points || ', debt '
                || c.points_debt || ', open lots ' || coalesce(sum(o.open), 0)
             from customers c left join points_lots o
               on o.tenant_id = c.tenant_id and o.customer_id = c.customer_id
             group by c.tenant_id, c.customer_id, c.loyalty_points, c.points_debt
             having c.loyalty_points <> coalesce(sum(o.open), 0) - c.points_debt
               or (c.points_debt > 0 and coalesce(sum(o.open), 0) > 0)
             limit $1",
        ),
    },
    Law {
        number: "L02",
        about: "No open lot ends before its customer is looked at for it",
        check: Check::Query(
            "select l.tenant_id, 'lot ' || l.lot_id || ' ends before ' || l.customer_id || ' is looked at'
             from points_lots l join customers c on c.tenant_id = l.tenant_id and c.customer_id = l.customer_id
             where l.open > 0 and l.expires_at is not null
               and (c.points_end_at is null or c.points_end_at > l.expires_at)
             limit $1",
        ),
    },
    Law {
        number: "L26",
        about: "Ledger rows are numbered 1, 2, 3 … for each customer without a gap",
        check: Check::Query(
            "select c.tenant_id, 'customer ' || c.customer_id || ' has ' || count(l.seq) || ' rows up to '
                || coalesce(max(l.seq), 0) || ' and counts ' || c.ledger_rows
             from customers c left join points_ledger l
               on l.tenant_id = c.tenant_id and l.customer_id = c.customer_id
             group by c.tenant_id, c.customer_id, c.ledger_rows
             having count(l.seq) <> coalesce(max(l.seq), 0) or count(l.seq) <> c.ledger_rows
             limit $1",
        ),
    },
    Law {
        number: "L27",
        about: "Each earn has one source, and a source earns once of each kind",
        check: Check::Query(
            "select tenant_id, 'purchase ' || purchase_id || ' earned ' || earn_kind || ' ' || count(*) || ' times'
             from points_ledger where kind = 'EARN'
             group by tenant_id, purchase_id, earn_kind having count(*) > 1
             union all
             select tenant_id, 'row ' || seq || ' of ' || customer_id || ' is earned from nothing'
             from points_ledger where kind = 'EARN' and (purchase_id is null or earn_kind is null)
             limit $1",
        ),
    },
    Law {
        number: "L02",
        about: "What was redeemed of a lot is what redemptions took of it and did not put back",
        check: Check::Query(
            "select l.tenant_id, 'lot ' || l.lot_id || ' says ' || l.redeemed || ' redeemed, its uses say '
                || coalesce(sum(u.points - u.restored), 0)
             from points_lots l left join points_uses u
               on u.tenant_id = l.tenant_id and u.customer_id = l.customer_id and u.lot_id = l.lot_id
             group by l.tenant_id, l.customer_id, l.lot_id, l.redeemed
             having l.redeemed <> coalesce(sum(u.points - u.restored), 0)
             limit $1",
        ),
    },
    Law {
        number: "L08",
        about: "The points that a customer's open orders hold are the sum of the holds",
        check: Check::Query(
            "select c.tenant_id, 'customer ' || c.customer_id || ' holds ' || c.points_held || ' points, orders hold '
                || coalesce(sum(h.points), 0)
             from customers c left join points_holds h
               on h.tenant_id = c.tenant_id and h.customer_id = c.customer_id
             group by c.tenant_id, c.customer_id, c.points_held
             having c.points_held <> coalesce(sum(h.points), 0)
             limit $1",
        ),
    },
    Law {
        number: "L08",
        about: "No points are held longer than their time",
        check: Check::Walk(overdue),
    },
    Law {
        number: "L23",
        about: "Points are held of the tenant's customers, and taken by a redemption from a lot of the same customer",
        check: Check::Query(
            "select h.tenant_id, h.purchase_id || ' holds points of nobody''s ' || h.customer_id
             from points_holds h
             left join customers c on c.tenant_id = h.tenant_id and c.customer_id = h.customer_id
             where c.customer_id is null
             union all
             select u.tenant_id, 'a use of lot ' || u.lot_id || ' by row ' || u.ledger_seq || ' of ' || u.customer_id
               || ' is of no redemption, or of no lot'
             from points_uses u
             left join points_ledger r on r.tenant_id = u.tenant_id and r.customer_id = u.customer_id
               and r.seq = u.ledger_seq and r.kind = 'REDEEM'
             left join points_lots l on l.tenant_id = u.tenant_id and l.customer_id = u.customer_id
               and l.lot_id = u.lot_id
             where r.seq is null or l.lot_id is null
             limit $1",
        ),
    },
    Law {
        number: "L27",
        about: "Reversals are opposite in sign to their row, and together at most the row less what expired of it",
        check: Check::Query(
            "select r.tenant_id, 'row ' || r.seq || ' of ' || r.customer_id || ' moved ' || r.points
                || ', its reversals ' || sum(v.points)
             from points_ledger v join points_ledger r
               on r.tenant_id = v.tenant_id and r.customer_id = v.customer_id and r.seq = v.reverses
             where v.reverses is not null
             group by r.tenant_id, r.customer_id, r.seq, r.points
             having (r.points > 0 and (max(v.points) >= 0 or sum(v.points) < - r.points))
               or (r.points <= 0 and (min(v.points) <= 0 or sum(v.points) > - r.points))
             union all
             select l.tenant_id, 'row ' || l.ledger_seq || ' of ' || l.customer_id || ' was reversed by '
                || coalesce(sum(v.points), 0) || ', its lot says ' || (l.reversed + l.owed)
             from points_lots l left join points_ledger v
               on v.tenant_id = l.tenant_id and v.customer_id = l.customer_id and v.reverses = l.ledger_seq
             group by l.tenant_id, l.customer_id, l.lot_id, l.ledger_seq, l.reversed, l.owed
             having l.reversed + l.owed <> - coalesce(sum(v.points), 0)
             union all
             select l.tenant_id, 'lot ' || l.lot_id || ' of ' || l.customer_id || ' was reversed by '
                || (l.reversed + l.owed) || ' and ' || l.unearned || ', of ' || l.earned || ' ' || l.expired
                || ' expired and ' || coalesce(sum(u.restored), 0) || ' came back'
             from points_lots l left join points_uses u
               on u.tenant_id = l.tenant_id and u.customer_id = l.customer_id and u.lot_id = l.lot_id
             group by l.tenant_id, l.customer_id, l.lot_id, l.reversed, l.owed, l.unearned, l.earned, l.expired
             having l.reversed + l.owed > l.earned - l.expired + coalesce(sum(u.restored), 0)
               or l.unearned < l.reversed + l.owed or l.unearned > l.earned
             limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "A venue whose program is its own is the tenant's",
        check: Check::Query(
            "select l.tenant_id, 'a loyalty program is of nobody''s venue ' || l.venue_id
             from loyalty_configs l
             left join venues v on v.tenant_id = l.tenant_id and v.venue_id = l.venue_id
             where l.venue_id <> '*' and v.venue_id is null limit $1",
        ),
    },
    Law {
        number: "L23",
        about: "A rule or promotion is live at venues of its tenant, and targets a group of its own",
        check: Check::Query(
            "select r.tenant_id, 'rule ' || r.rule_id || ' is live at nobody''s venue ' || r.venue_id
             from earning_rule_venues r
             left join venues v on v.tenant_id = r.tenant_id and v.venue_id = r.venue_id
             where r.venue_id <> '*' and v.venue_id is null
             union all
             select r.tenant_id, 'promotion ' || r.rule_id || ' is for nobody''s group ' || r.customer_group_id
             from earning_rules r
             left join customer_groups g on g.tenant_id = r.tenant_id and g.group_id = r.customer_group_id
             where r.customer_group_id is not null and r.archived_at is null and g.group_id is null
             limit $1",
        ),
    },
    Law {
        number: "L25",
        about: "What a promotion has given a customer is what their purchases say",
        check: Check::Query(
            "select c.tenant_id, 'promotion ' || c.rule_id || ' counts ' || c.points || ' points of '
                || c.customer_id || ', the purchases say ' || coalesce(sum(g.given - g.returned), 0)
             from promotion_counts c
             left join promotion_gains g on g.tenant_id = c.tenant_id and g.rule_id = c.rule_id
               and g.customer_id = c.customer_id
             group by c.tenant_id, c.rule_id, c.customer_id, c.points
             having c.points <> coalesce(sum(g.given - g.returned), 0)
             limit $1",
        ),
    },
    Law {
        number: "L08",
        about: "No promotion has given a customer more than the cap in force when it gave",
        check: Check::Query(
            "select tenant_id, 'promotion ' || rule_id || ' gave ' || customer_id || ' ' || points
                || ' points of at most ' || points_max
             from promotion_counts where points > points_max limit $1",
        ),
    },
    Law {
        number: "L27",
        about: "What a promotion gave, a purchase earned",
        check: Check::Query(
            "select g.tenant_id, 'promotion ' || g.rule_id || ' gave to ' || g.purchase_id || ', which earned nothing'
             from promotion_gains g
             left join points_ledger l on l.tenant_id = g.tenant_id and l.purchase_id = g.purchase_id
               and l.kind = 'EARN' and l.customer_id = g.customer_id
             where l.seq is null limit $1",
        ),
    },
    Law {
        number: "L27",
        about: "What waits for staff, or is another purchase, has earned nothing of its own",
        check: Check::Query(
            "select p.tenant_id, 'parked purchase ' || p.parked_id || ' has earned by itself'
             from parked_purchases p
             join points_ledger l on l.tenant_id = p.tenant_id and l.purchase_id = p.purchase_id
               and l.kind = 'EARN'
             where p.decision is null or p.decision = 'LINKED'
             limit $1",
        ),
    },
    Law {
        number: "L27",
        about: "A reported purchase earned what it says, or is another one, or waits",
        check: Check::Query(
            "select tenant_id, 'report ' || own || ' is ' || state || ' with ' || points || ' points, the ledger says '
                || earned || ', its root is ' || purchase_id
             from (
               select r.tenant_id, r.system || '/' || r.external_id as own, r.state, r.points, r.purchase_id,
                 coalesce(sum(l.points), 0) as earned
               from reported_purchases r
               left join points_ledger l on l.tenant_id = r.tenant_id and l.kind = 'EARN'
                 and l.purchase_id = r.system || '/' || r.external_id
               group by r.tenant_id, r.system, r.external_id, r.state, r.points, r.purchase_id
             ) told
             where points <> earned or (state <> 'EARNED' and earned <> 0)
               or (state = 'LINKED') = (purchase_id = own)
             union all
             select r.tenant_id, 'report ' || r.system || '/' || r.external_id || ' waits and staff do not see it'
             from reported_purchases r
             left join parked_purchases p on p.tenant_id = r.tenant_id and p.decided_at is null
               and p.purchase_id = r.system || '/' || r.external_id
             where r.state = 'PARKED' and p.parked_id is null
             limit $1",
        ),
    },
];
