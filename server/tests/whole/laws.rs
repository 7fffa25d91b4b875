//! `regulars audit verify` names every law that is broken, for each way in which its rows can break it.
//!
//! One store is filled through the API, sealed, and stripped of its guards; each breach is planted in a copy.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value as Json, json};
use server::app::ROOMS;
use server::hall::testing::Store;

use crate::ground::Ground;
use crate::program::{Server, stdout};

struct Breach {
    law: &'static str,
    /// What verify says of it.
    says: &'static str,
    /// Laws that cannot but be broken with it; `store` is SQLite's own check, which knows the constraints.
    also: &'static [&'static str],
    plant: &'static [&'static str],
}

const fn breach(
    law: &'static str,
    says: &'static str,
    also: &'static [&'static str],
    plant: &'static [&'static str],
) -> Breach {
    Breach {
        law,
        says,
        also,
        plant,
    }
}

/// A streak that nobody has begun.
const STREAK: &str =
    "insert into streaks (tenant_id, streak_id, name, name_fold, period, length, bonus_points,
      grace_days, created_at, updated_at)
    select tenant_id, 'stk_x', 'x', 'x', 'DAY', 2, 5, 0, 1, 1 from tenants";

/// Ann has completed it.
const AWARD: &str = "insert into streak_awards (tenant_id, streak_id, customer_id, period_start, turn, points, at)
    select c.tenant_id, 'stk_x', c.customer_id, '2001-01-01', 1, 5, 1 from customers c where first_name = 'Ann'";

/// A reward on a discount, and a voucher for it that a rule gave Ann.
const REWARD: &str =
    "insert into rewards (tenant_id, reward_id, name, name_fold, points_cost, kind, terms, discount_id,
      created_at, updated_at)
    select tenant_id, 'rwd_x', 'x', 'x', 5, 'VOUCHER', '{}', min(discount_id), 1, 1 from discounts group by tenant_id";
const VOUCHER: &str =
    "insert into vouchers (tenant_id, voucher_id, customer_id, reward_id, coupon_id, cause_kind,
      cause_id, points, gives, issued_at)
    select tenant_id, 'vch_x', customer_id, 'rwd_x', 'cpn_c', 'test', 'x', 0, '{}', 1
    from customers where first_name = 'Ann'";
const PERSONAL: &str = "update coupon_batches set customer_id = (select customer_id from customers where first_name = 'Ann')";
const FOR_POINTS: &str = "update vouchers set points = 5, cause_kind = 'points'";

/// Ann rises to the second tier.
const RISE: &str =
    "insert into tier_changes (tenant_id, customer_id, seq, from_tier, from_rank, to_tier, to_rank,
      ladder_version, detail, cause_kind, cause_id, at)
    select tenant_id, customer_id, 1, 'tir_w', 0, 'tir_x', 1, 0, '{}', 'order', 'ord_x', 1
    from customers where first_name = 'Ann'";

#[rustfmt::skip]
const BREACHES: &[Breach] = &[
    breach("L01", "the rows so far sum to", &[], &["update points_ledger set balance_after = balance_after + 1 where seq = 2"]),
    breach("L01", "the rows so far sum to", &["L25"], &["update points_ledger set points = points + 1, balance_after = balance_after + 1 where seq = 1"]),
    breach("L01", "the ledger sums to", &[], &[
        "update customers set loyalty_points = loyalty_points + 1 where first_name = 'Ann'",
        "update points_lots set open = open + 1, earned = earned + 1 where ledger_seq = 1"]),
    breach("L02", "open lots", &[], &["update points_lots set open = open - 1, redeemed = redeemed + 1 where ledger_seq = 1"]),
    breach("L02", "open lots", &[], &["delete from points_lots where ledger_seq = 2"]),
    breach("L02", "debt 5", &[], &[
        "update customers set points_debt = 5 where first_name = 'Ann'",
        "update points_lots set open = open + 5, earned = earned + 5 where ledger_seq = 1"]),
    breach("L02", "its parts are other", &["L27", "store"], &["update points_lots set reversed = 1 where ledger_seq = 1"]),
    breach("L02", "its parts are other", &["store"], &["update points_lots set redeemed = -1, expired = 1 where ledger_seq = 1"]),
    breach("L02", "is looked at", &[], &["update points_lots set expires_at = 1 where ledger_seq = 1"]),
    breach("L02", "its uses say 0", &["L01"], &["update points_lots set redeemed = redeemed + 1, open = open - 1 where ledger_seq = 1",
        "update customers set loyalty_points = loyalty_points - 1 where first_name = 'Ann'"]),
    breach("L04", "keeps a 500", &[], &["update idempotency set status = 500"]),
    breach("L04", "keeps a 201", &[], &["update idempotency set fingerprint = substr(fingerprint, 1, 8)"]),
    breach("L04", "keeps a 201", &[], &["update idempotency set headers = 'none'"]),
    breach("L05", "stands at tir_x by 1 changes, there are 0", &[], &["insert into customer_tiers
        (tenant_id, customer_id, tier_id, tier_name, rank, since, changes)
        select tenant_id, customer_id, 'tir_x', 'X', 1, 1, 1 from customers where first_name = 'Ann'"]),
    breach("L05", "stands at tir_y", &[], &["insert into customer_tiers
        (tenant_id, customer_id, tier_id, tier_name, rank, since, changes)
        select tenant_id, customer_id, 'tir_y', 'X', 1, 1, 1 from customers where first_name = 'Ann'", RISE]),
    breach("L05", "moved nobody", &[], &[RISE]),
    breach("L05", "rose to 1 from 0, allowed are 0", &[], &["insert into customer_tiers
        (tenant_id, customer_id, tier_id, tier_name, rank, since, changes)
        select tenant_id, customer_id, 'tir_x', 'X', 1, 1, 1 from customers where first_name = 'Ann'", RISE,
        "update tier_changes set velocity_tiers = 0, velocity_micros = 1"]),
    breach("L05", "of 5 was paid 0", &[], &[STREAK, AWARD]),
    breach("L25", "counts as 2 for stk_x, the run is 0", &[], &[STREAK, "insert into streak_visits
        (tenant_id, customer_id, streak_id, period_start, business_day, venue_id, periods)
        select c.tenant_id, c.customer_id, 'stk_x', '2001-01-01', '2001-01-01', min(v.venue_id), 2
        from customers c join venues v on v.tenant_id = c.tenant_id where first_name = 'Ann'
        group by c.tenant_id, c.customer_id"]),
    breach("L05", "has no voucher", &[], &[STREAK, AWARD, "update streak_awards set points = 0"]),
    breach("L05", "has 2 bonuses", &[], &[STREAK, AWARD, "drop index streak_awards_live", "insert into streak_awards
        select tenant_id, streak_id, customer_id, period_start, 2, points, at, taken_back_at from streak_awards"]),
    breach("L05", "is the bonus of no streak", &["L25", "L27"], &["update points_ledger set cause_kind = 'streak' where seq = 1"]),
    breach("L06", "totals", &[], &["update orders set total = total + 1 where label = 'open'"]),
    breach("L06", "totals", &[], &["update order_discounts set amount = amount + 1"]),
    breach("L06", "totals", &[], &["delete from order_discounts"]),
    breach("L07", "discounts", &["L06", "L30"], &["update orders set discounts = subtotal + 1 where label = 'open'"]),
    breach("L07", "discounts", &["L06", "L12", "store"], &["update orders set total = -1 where label = 'open'"]),
    breach("L08", "was redeemed 6 times of at most 5", &["L25"], &[REWARD, "insert into reward_counts
        (tenant_id, reward_id, customer_id, uses, uses_max) select tenant_id, reward_id, '', 6, 5 from rewards"]),
    breach("L08", "counts 1 uses, there are 0", &[], &["insert into use_counts (tenant_id, subject_id, customer_id, uses)
        select tenant_id, 'cpn_x', '', 1 from tenants"]),
    breach("L08", "and not counted", &[], &[
        "insert into uses (tenant_id, subject_id, purchase_id, venue_id, customer_id, state, held_at, ended_at, currency)
         select c.tenant_id, 'cpn_x', 'ord_x', min(v.venue_id), min(c.customer_id), 'FINAL', 1, 1, 'USD'
         from customers c join venues v on v.tenant_id = c.tenant_id group by c.tenant_id",
        "insert into use_counts (tenant_id, subject_id, customer_id, uses) select tenant_id, 'cpn_x', '', 1 from uses where subject_id = 'cpn_x'"]),
    breach("L08", "is FINAL for ord_x and ended at 0", &[], &["insert into uses (tenant_id, subject_id, purchase_id, venue_id,
        state, held_at, currency) select tenant_id, 'cpn_x', 'ord_x', min(venue_id), 'FINAL', 1, 'USD' from venues group by tenant_id"]),
    breach("L08", "is used 1 times of 0", &["L08"], &["insert into use_counts (tenant_id, subject_id, customer_id, uses, uses_max)
        select tenant_id, 'cpn_x', '', 1, 0 from tenants"]),
    breach("L08", "with 0 paid and holds a use of cpn_x", &[], &["insert into uses (tenant_id, subject_id, purchase_id, venue_id,
        state, held_at, currency) select tenant_id, 'cpn_x', order_id, venue_id, 'HELD', 1, 'USD' from orders where label = 'open'"]),
    breach("L08", "is still held by ord_x", &[], &["insert into uses (tenant_id, subject_id, purchase_id, venue_id,
        state, held_at, held_until, currency)
        select tenant_id, 'cpn_x', 'ord_x', min(venue_id), 'HELD', 1, 1, 'USD' from venues group by tenant_id"]),
    breach("L08", " 5 points of at most 4", &["store"], &[PROMOTION, EARNED_BY_IT,
        "update promotion_counts set points_max = 4"]),
    breach("L10", "has no reason", &[], &["update order_discounts set comp_on = '2026-01-01', comp_reason = ' '"]),
    breach("L10", "was approved by nobody as nothing", &["store"], &["update order_discounts set bound = 'APPROVAL'"]),
    breach("L08", "has 2 uses and allows 1", &[], &[BATCH, CODE, "update coupon_batches set max_uses = 1",
        "insert into uses (tenant_id, subject_id, purchase_id, venue_id, state, held_at, ended_at, currency)
         select c.tenant_id, c.coupon_id, p.id, min(v.venue_id), 'FINAL', 1, 1, 'USD' from coupons c
         join venues v on v.tenant_id = c.tenant_id join (select 'ord_x' as id union select 'ord_y') p on 1 = 1
         group by c.tenant_id, c.coupon_id, p.id",
        "insert into use_counts (tenant_id, subject_id, customer_id, uses) select tenant_id, coupon_id, '', 2 from coupons"]),
    breach("L08", "goes on for", &[], &[BATCH, CODE, "insert into coupon_runs (tenant_id, customer_id, coupon_id, purchase_id, opened_at)
        select c.tenant_id, min(p.customer_id), c.coupon_id, 'ord_x', 1 from coupons c
        join customers p on p.tenant_id = c.tenant_id group by c.tenant_id, c.coupon_id"]),
    breach("L08", "holds 5 points, orders hold 0", &[], &["update customers set points_held = 5 where first_name = 'Ann'"]),
    breach("L08", "are still held by", &[], &[HOLD, "update points_holds set held_until = 1"]),
    breach("L08", "with 0 paid and holds points of", &[], &[HOLD]),
    breach("L12", "and gave back", &[], &[
        "insert into payments (tenant_id, payment_id, venue_id, subject_kind, subject_id, kind, method, status, amount,
           currency, reporting_amount, parent_id, taken_by, at)
         select tenant_id, 'pay_back', venue_id, subject_kind, subject_id, 'REFUND', method, 'SUCCEEDED', amount + 1,
           currency, 0, payment_id, taken_by, at from payments where payment_id = (select min(payment_id) from payments)",
        "insert into payment_trail (tenant_id, payment_id, seq, at, actor, action, to_status)
         select tenant_id, 'pay_back', 1, at, 'x', 'refunded', 'SUCCEEDED' from payments where payment_id = 'pay_back'"]),
    breach("L12", "its refunds say 1350 and 0", &[], &["update payments set refunded = refunded - 1 where refunded > 0"]),
    breach("L12", "is SUCCEEDED and gave back 1350", &["L13"], &["update payments set status = 'SUCCEEDED' where refunded > 0"]),
    breach("L12", "gave back 1351, its refunds say 1350, its payments 1350", &[], &["update orders set refunded = refunded + 1 where label = 'back'"]),
    breach("L12", "gave back 1350, its refunds say 900", &[], &["delete from order_refunds where seq = 2"]),
    breach("L12", "is OPEN, paid", &[], &["update payments set amount = amount + 1 where subject_id = (select order_id from orders where label = 'part')"]),
    breach("L12", "is OPEN, paid 600 of", &[], &["update order_refunds set amount = amount + 1 where kind = 'PAYMENT'"]),
    breach("L12", "gave back 0, its refunds say 0, its payments 400", &[], &["update order_refunds set amount = amount + 1 where kind = 'PAYMENT'"]),
    breach("L12", "is PAID, paid", &["L13"], &["update payments set status = 'VOIDED' where subject_id = (select order_id from orders where label = 'two')"]),
    breach("L12", "is PAID, paid", &[], &["update orders set tip = tip + 1, total = total + 1 where label = 'one'"]),
    breach("L12", "is OPEN, paid", &[], &[
        "update payments set amount = amount + 100000 where subject_id = (select order_id from orders where label = 'part')",
        "update orders set paid = paid + 100000 where label = 'part'"]),
    breach("L12", "is VOIDED, paid", &[], &["update orders set status = 'VOIDED', closed_at = 1 where label = 'part'"]),
    breach("L13", "is REFUNDED, its trail says SUCCEEDED", &["L12"], &["update payments set status = 'REFUNDED'"]),
    breach("L13", "is PAID after 2 refunds of 1350", &["L25"], &["update orders set status = 'PAID' where label = 'back'"]),
    breach("L13", "is REFUNDED after 2 refunds of 1350", &["L25"], &["update orders set status = 'REFUNDED' where label = 'back'"]),
    breach("L13", "its trail says nothing", &[], &["delete from payment_trail"]),
    breach("L13", "its trail says nothing", &[], &["update payment_trail set seq = 7 where seq = 1"]),
    breach("L13", "is PAID and closed at 0", &[], &["update orders set closed_at = null where label = 'cash'"]),
    breach("L13", "is OPEN and closed at 1", &[], &["update orders set closed_at = 1 where label = 'open'"]),
    breach("L13", "is PAID and closed at", &[], &["update orders set reporting_total = null where label = 'cash'"]),
    breach("L15", "has SEK and USD", &[], &["update payments set currency = 'SEK' where method = 'CARD'
        and subject_id = (select order_id from orders where label = 'cash')"]),
    breach("L15", "a payment in SEK", &[], &["update payments set currency = 'SEK' where subject_id = (select order_id from orders where label = 'cash')"]),
    breach("L22", "email of", &[], &["drop index customers_by_email", "update customers set email = 'ann@test.example'"]),
    breach("L22", "phone of", &[], &["drop index customers_by_phone", "update customers set phone = '+46701234567'"]),
    breach("L22", "was merged and is live", &[], &["update customers set merged_into = (select customer_id from customers where first_name = 'Bo') where first_name = 'Ann'"]),
    breach("L23", "directory pairing names no tenant", &[], &["update directory set tenant_id = 'ten_x' where kind = 'pairing'"]),
    breach("L23", "is found and is nobody's", &[], &[OTHER, "update directory set tenant_id = 'ten_x' where kind = 'token' and ref_id in (select key_id from api_keys)"]),
    breach("L23", "is found and is nobody's", &[], &[OTHER, "update directory set tenant_id = 'ten_x' where kind = 'token' and ref_id in (select session_id from sessions)"]),
    breach("L23", "names a venue that is not the tenant's", &[], &["update outbox set venue_id = 'ven_x' where venue_id is not null"]),
    breach("L23", "is of nobody's customer", &[], &["insert into sessions (tenant_id, session_id, kind, customer_id, created_at, expires_at)
        select tenant_id, 'ses_x', 'CUSTOMER', 'cus_x', 1, 2 from tenants"]),
    breach("L23", "has a rank in nobody's venue", &[], &["update staff_roles set venue_id = 'ven_x'"]),
    breach("L23", "is found and is nobody's", &[], &["update directory set ref_id = 'key_x' where kind = 'token' and ref_id in (select key_id from api_keys)"]),
    breach("L23", "is seen at nobody's venue", &[], &["update customer_group_venues set venue_id = 'ven_x'"]),
    breach("L23", "was merged into nobody's", &[], &["update customers set merged_into = 'cus_x', archived_at = 1 where first_name = 'Bo'"]),
    breach("L23", "names nobody's cus_x", &[], &["insert into external_refs (tenant_id, kind, system, ref, id) select tenant_id, 'cus', 'till', '1', 'cus_x' from tenants"]),
    breach("L23", "names nobody's prd_x", &[], &["insert into external_refs (tenant_id, kind, system, ref, id) select tenant_id, 'prd', 'till', '1', 'prd_x' from tenants"]),
    breach("L23", "names nobody's ord_x", &[], &["insert into external_refs (tenant_id, kind, system, ref, id) select tenant_id, 'ord', 'till', '1', 'ord_x' from tenants"]),
    breach("L23", "names nobody's prd_x", &["L30"], &["update order_lines set product_id = 'prd_x' where product_id is not null"]),
    breach("L23", "names nobody's cat_x", &["L30"], &["update order_lines set category_id = 'cat_x' where category_id is not null"]),
    breach("L23", "names nobody's tax_x", &["L30"], &["update order_lines set tax_class_id = 'tax_x' where tax_class_id is not null"]),
    breach("L23", "is of nobody's venue ven_x", &["store"], &[IMPORT, "update customer_imports set venue_id = 'ven_x'"]),
    breach("L23", "lines are of nobody's import imp_y", &["store"], &["insert into customer_import_rejects
        (tenant_id, import_id, line, cells, why) select tenant_id, 'imp_y', 2, '[]', 'x' from tenants"]),
    breach("L23", "is of nobody's batch cbt_y", &[], &[BATCH, CODE, "update coupons set batch_id = 'cbt_y'"]),
    breach("L23", "counts at nobody's venue", &[], &[STREAK, "insert into streak_venues (tenant_id, venue_id, streak_id)
        select tenant_id, 'ven_x', streak_id from streaks"]),
    breach("L23", "is the code cpn_c of anybody", &[], &[BATCH, CODE, REWARD, VOUCHER]),
    breach("L23", "is cancelled and its code is live", &[], &[BATCH, CODE, PERSONAL, REWARD, VOUCHER,
        "update vouchers set cancelled_at = 2"]),
    breach("L23", "is given at nobody's venue", &[], &[REWARD, "insert into reward_venues (tenant_id, venue_id, reward_id)
        select tenant_id, 'ven_x', reward_id from rewards"]),
    breach("L23", "is live at nobody's venue", &[], &["update discount_venues set venue_id = 'ven_x'"]),
    breach("L23", "goes to nobody's cus_x", &[], &["update discount_audience set audience = 'cus_x'"]),
    breach("L23", "is of nobody's venue", &[], &["insert into loyalty_configs (tenant_id, venue_id, config, updated_at) select tenant_id, 'ven_x', '{}', 1 from tenants"]),
    breach("L23", "is for nobody's order ord_x", &["L12"], &["update payments set subject_id = 'ord_x' where subject_id = (select order_id from orders where label = 'one')"]),
    breach("L23", "is live at nobody's venue", &[], &[PROMOTION, "insert into earning_rule_venues (tenant_id, venue_id, rule_id)
        select tenant_id, 'ven_x', 'prm_x' from tenants"]),
    breach("L23", "is for nobody's group grp_x", &[], &[PROMOTION, "update earning_rules set customer_group_id = 'grp_x'"]),
    breach("L23", "holds points of nobody's cus_x", &["L08"], &[HOLD, "update points_holds set customer_id = 'cus_x'"]),
    breach("L23", "are held for nobody's order ord_x", &[], &[HOLD, "update points_holds set purchase_id = 'ord_x'"]),
    breach("L23", "is of no redemption, or of no lot", &["L02"], &["insert into points_uses
        (tenant_id, customer_id, ledger_seq, lot_id, points)
        select tenant_id, customer_id, ledger_seq, lot_id, 5 from points_lots where ledger_seq = 1"]),
    breach("L23", "who is no member", &[], &[BOARD]),
    breach("L24", "entry 2 (", &[], &["update audit_entries set actor = 'nobody' where seq = 2"]),
    breach("L24", "was changed", &[], &["update audit_entries set hash = (select hash from audit_entries where seq = 1) where seq = 3"]),
    breach("L24", "entry 2 is missing: 3 follows 1", &[], &["delete from audit_entries where seq = 2"]),
    breach("L24", "the last entries are missing", &[], &["delete from audit_entries where seq = (select max(seq) from audit_entries)"]),
    breach("L24", "without an entry", &[], &["update idempotency set created_at = created_at + 1"]),
    breach("L24", "sealed entries without a head", &["L34"], &["delete from journal_heads"]),
    breach("L25", "has 3 lines, counts 3 and waits for 2", &[], &[IMPORT, "update customer_imports set created = 3"]),
    breach("L25", "has 3 lines, counts 1 and waits for 0", &[], &[IMPORT, "delete from customer_import_chunks"]),
    breach("L25", "counts 1 bad lines, there are 0", &[], &[IMPORT,
        "update customer_imports set created = 0, failed = 1"]),
    breach("L25", "counts 0 bad lines, there are 1", &[], &[IMPORT, "insert into customer_import_rejects
        (tenant_id, import_id, line, cells, why) select tenant_id, import_id, 2, '[]', 'x' from customer_imports"]),
    breach("L25", "counts 1 codes of 0", &[], &[BATCH, CODE, "delete from coupons"]),
    breach("L25", "counts 2 visits of 1", &[], &["update customers set total_visits = 2 where first_name = 'Ann'"]),
    breach("L25", "counts 1 visits of 0", &[], &["update visits set purchases = 0"]),
    breach("L25", "is PAID and counts", &[], &["update orders set reporting_refunded = 1 where label = 'cash'"]),
    breach("L25", "visits of 1 at ven_", &[], &["update customer_venues set total_visits = 2 where total_visits = 1"]),
    breach("L25", " spent ", &[], &["update customers set total_spent = total_spent + 1 where first_name = 'Ann'"]),
    breach("L25", "members of 1", &[], &["update customer_groups set members = 2"]),
    breach("L25", "the orders say", &[], &["update orders set reporting_total = reporting_total + 1 where label = 'one'"]),
    breach("L25", "counts 3 orders", &[], &["update customers set paid_orders = 3 where first_name = 'Ann'"]),
    breach("L25", "orders and", &[], &["update customer_venues set total_spent = total_spent + 1"]),
    breach("L25", "counts 1 redemptions, there are 0", &[], &[REWARD, "insert into reward_counts
        (tenant_id, reward_id, customer_id, uses) select tenant_id, reward_id, '', 1 from rewards"]),
    breach("L25", "and not counted", &["L27"], &[BATCH, CODE, PERSONAL, REWARD, VOUCHER, FOR_POINTS]),
    breach("L26", "has 2 refunds up to 3", &[], &["update order_refunds set seq = 3 where seq = 2"]),
    breach("L25", "the purchases say 5", &[], &[PROMOTION, EARNED_BY_IT, "update promotion_counts set points = 6"]),
    breach("L25", "the purchases say 5", &[], &[PROMOTION, EARNED_BY_IT, "update promotion_gains set given = 9, returned = 4",
        "update promotion_counts set points = 9"]),
    breach("L25", "counts 1 visits on 2001-01-01", &[], &["insert into loyalty_days
        (tenant_id, customer_id, business_day, venue_id, visits, points, spend)
        select c.tenant_id, c.customer_id, '2001-01-01', min(v.venue_id), 1, 0, 0
        from customers c join venues v on v.tenant_id = c.tenant_id where first_name = 'Bo' group by c.tenant_id, c.customer_id"]),
    breach("L25", "counts 9 points, purchases earned 0", &[], &["insert into loyalty_days
        (tenant_id, customer_id, business_day, venue_id, visits, points, spend)
        select c.tenant_id, c.customer_id, '2001-01-01', min(v.venue_id), 0, 9, 0
        from customers c join venues v on v.tenant_id = c.tenant_id where first_name = 'Bo' group by c.tenant_id, c.customer_id"]),
    breach("L25", "counts 0 visits on", &[], &["update loyalty_days set visits = 0"]),
    breach("L25", "points, purchases earned", &[], &["update loyalty_days set points = points - 1"]),
    breach("L25", "counts 0 points, purchases earned", &[], &["delete from loyalty_days"]),
    breach("L25", "for tiers, the orders say", &[], &["update loyalty_days set spend = spend + 1"]),
    breach("L25", "and the reports 7", &[], &[REPORTED, "update reported_purchases set spend = 7, points = 0"]),
    breach("L25", " 0 boards know", &[], &[MEMBER]),
    breach("L25", "5 points, the days say 0", &[], &[MEMBER, BOARD, "update leaderboard_points set points = 5"]),
    breach("L26", "and counts 9", &[], &["update customers set ledger_rows = 9 where first_name = 'Ann'"]),
    breach("L26", "has 2 rows up to 3", &[], &["update points_ledger set seq = 3 where seq = 2"]),
    breach("L26", "has 1 rows up to 1 and counts 2", &["L01", "L25"], &["delete from points_ledger where seq = 2"]),
    breach("L27", "earned SPEND 2 times", &[], &["drop index points_ledger_by_purchase",
        "update points_ledger set purchase_id = (select order_id from orders where label = 'one')"]),
    breach("L27", "is earned from nothing", &["store"], &["update points_ledger set purchase_id = null where seq = 1"]),
    breach("L27", "comes from order ord_x", &[], &["update points_ledger set cause_id = 'ord_x' where seq = 1"]),
    breach("L27", "comes from order", &[], &["update points_ledger set cause_id = (select order_id from orders where label = 'open') where seq = 1"]),
    breach("L27", "comes from order", &["L25"], &["update orders set customer_id = (select customer_id from customers where first_name = 'Bo') where label = 'one'"]),
    breach("L27", "comes from order", &["L25"], &["update orders set customer_id = null where label = 'one'"]),
    breach("L29", "refund 1 of order", &[], &["update order_refunds set tax = tax + 1 where seq = 1"]),
    breach("L29", "refund 2 of order", &[], &["update order_refunds set ask = '{\"amount\":451}' where seq = 2"]),
    breach("L27", "gave to ord_x, which earned nothing", &[], &[PROMOTION, EARNED_BY_IT, "update promotion_gains set purchase_id = 'ord_x'"]),
    breach("L27", "has earned by itself", &[], &[PARKED]),
    breach("L27", "has earned by itself", &[], &[PARKED, "update parked_purchases set decision = 'LINKED', decided_at = 1"]),
    breach("L27", "is EARNED with 7 points, the ledger says 0", &[], &[REPORTED]),
    breach("L27", "is LINKED with 0 points", &[], &[REPORTED, "update reported_purchases set state = 'LINKED', points = 0"]),
    breach("L27", "its root is ord_x", &[], &[REPORTED, "update reported_purchases set purchase_id = 'ord_x', points = 0"]),
    breach("L27", "waits and staff do not see it", &[], &[REPORTED, "update reported_purchases set state = 'PARKED', points = 0"]),
    breach("L27", "cost 5, the ledger says 0", &["L25"], &[BATCH, CODE, PERSONAL, REWARD, VOUCHER, FOR_POINTS]),
    breach("L27", "was cancelled at 2 and 0 points went back", &[], &[BATCH, CODE, PERSONAL, REWARD, VOUCHER, FOR_POINTS,
        "update vouchers set cancelled_at = 2", "update coupons set archived_at = 2"]),
    breach("L27", "paid for no voucher", &["L01", "L26"], &["insert into points_ledger (tenant_id, customer_id, seq, ledger_id,
        kind, points, balance_after, cause_kind, cause_id, policy, at)
        select tenant_id, customer_id, 99, 'led_x', 'REDEEM', 0, 0, 'reward', 'vch_x', '{}', 1 from points_ledger where seq = 1"]),
    breach("L27", "its lot says 5", &[], &["update points_lots set owed = 5 where ledger_seq = 1"]),
    breach("L27", "expired and 0 came back", &["L02"], &["update points_lots set expired = expired + open, open = 0,
        owed = 1 where ledger_seq = 1"]),
    breach("L27", "its reversals 1", &["L01", "L26"], &["insert into points_ledger (tenant_id, customer_id, seq, ledger_id, kind,
        points, balance_after, cause_kind, cause_id, policy, at, reverses)
        select tenant_id, customer_id, 99, 'led_x', 'REVERSE', 1, 0, 'test', 'x', '{}', 1, 1 from points_ledger where seq = 1"]),
    breach("L30", "is decided otherwise today", &[], &["update orders set decided = replace(decided, '\"unitPrice\":2000', '\"unitPrice\":2001')"]),
    breach("L30", "by what cannot be read", &[], &["update orders set decided = '{}' where label = 'one'"]),
    breach("L30", "bears other figures", &[], &["update orders set tax = tax + 1 where label = 'one'"]),
    breach("L30", "bears other figures", &[], &["update orders set subtotal = subtotal + 1, total = total + 1 where label = 'open'"]),
    breach("L30", "has other lines", &[], &["update order_lines set unit_price = unit_price + 1"]),
    breach("L30", "has other lines", &[], &["delete from order_lines where order_id = (select order_id from orders where label = 'one')"]),
    breach("L30", "by another rule", &[], &["update discount_versions set rule = replace(rule, '\"Afterwork\"', '\"Always\"')"]),
    breach("L30", "has not all versions", &[], &["update discounts set version = 2"]),
    breach("L30", "gives A what B has", &[], &["insert into experiment_variants (tenant_id, experiment_id, variant, from_bp, until_bp, created_at)
        select tenant_id, 'x', 'A', 0, 5001, 1 from tenants union all select tenant_id, 'x', 'B', 5000, 10000, 1 from tenants"]),
    breach("L34", "is neither delivered, dead nor due", &[], &["insert into outbox (tenant_id, event_id, kind, type, at, data) select tenant_id, 'evt_x', 'MESSAGE', 'x', 1, '{}' from tenants"]),
    breach("L34", "has the state of a message", &[], &["update outbox set due_at = 1 where seq = 1"]),
    breach("L34", "the feed has", &[], &["delete from outbox where seq = 2"]),
    breach("L34", "the feed has", &[], &["delete from outbox where seq = (select max(seq) from outbox)"]),
    breach("L35", "a token in the directory is no hash", &[], &["update directory set lookup = 'st_' || lookup where kind = 'token'"]),
    breach("L35", "a pairing in the directory is no hash", &[], &["update directory set lookup = substr(lookup, 1, 10) where kind = 'pairing'"]),
    breach("L35", "the password or PIN", &[], &["update staff set pin_hash = '2580'"]),
    breach("L35", "the password or PIN", &[], &["update staff set password_hash = 'four plain words'"]),
    breach("L35", "a sign-in code is not hashed", &[], &["insert into sign_in_codes (tenant_id, address, code_hash, expires_at)
        select tenant_id, 'ann@test.example', substr(fingerprint, 1, 6), 1 from idempotency limit 1"]),
    breach("L35", "outlives its limit", &[], &["update sessions set expires_at = created_at + 43200000001"]),
    breach("L35", "outlives its person", &[], &["update staff set archived_at = 1"]),
    breach("L35", "outlives its customer", &[], &["update customers set archived_at = 1 where first_name = 'Bo'",
        "update sessions set kind = 'CUSTOMER', staff_id = null, customer_id = (select customer_id from customers where first_name = 'Bo')"]),
    breach("L35", "outlives its device", &[], &["update devices set revoked_at = 1", "update sessions set device_id = (select min(device_id) from devices)"]),
    breach("L35", "ses_", &[], &["update sessions set ended_at = created_at"]),
    breach("L35", "key_", &[], &["update api_keys set revoked_at = 1"]),
    breach("L35", "dev_", &[], &["update devices set revoked_at = 1"]),
];

/// A second tenant, of whom there is nothing else.
const OTHER: &str =
    "insert into tenants (tenant_id, slug, name, mode, language, currency, created_at)
    select 'ten_x', 'other', 'Other', mode, language, currency, created_at from tenants";

/// A file of three lines, of which two still wait.
const IMPORT: &str =
    "insert into customer_imports (tenant_id, import_id, venue_id, how, header, ignored_columns, total,
      chunks, taken, created, created_at, received_at)
    select tenant_id, 'imp_x', min(venue_id), '{}', '[]', '[]', 3, 2, 1, 1, 1, 1 from venues group by tenant_id;
    insert into customer_import_chunks (tenant_id, import_id, chunk, size, lines)
    select tenant_id, import_id, 1, 2, '[]' from customer_imports";

/// One code, and the terms that it has.
const BATCH: &str = "insert into coupon_batches (tenant_id, batch_id, discount_id, terms, prefix, quantity, made,
      numbered, first_coupon_id, last_coupon_id, created_at, done_at)
    select tenant_id, 'cbt_x', min(discount_id), '{}', '', 1, 1, 1, 'cpn_c', 'cpn_c', 1, 1 from discounts
    group by tenant_id";
const CODE: &str = "insert into coupons (tenant_id, coupon_id, batch_id, code)
    select tenant_id, 'cpn_c', 'cbt_x', 'SAVE20' from coupon_batches";
/// A promotion that has given nothing.
const PROMOTION: &str =
    "insert into earning_rules (tenant_id, rule_id, kind, name, name_fold, terms, created_at, updated_at)
    select tenant_id, 'prm_x', 'PROMOTION', 'Double', 'double', '{}', 1, 1 from tenants";

/// Five points of it, for a purchase that earned.
const EARNED_BY_IT: &str = "insert into promotion_counts (tenant_id, rule_id, customer_id, points)
    select tenant_id, 'prm_x', customer_id, 5 from points_ledger where seq = 1;
    insert into promotion_gains (tenant_id, purchase_id, rule_id, customer_id, given, at)
    select tenant_id, purchase_id, 'prm_x', customer_id, 5, 1 from points_ledger where seq = 1";

/// Ann is on the leaderboards, and nobody has summed what she earned.
const MEMBER: &str =
    "insert into leaderboard_members (tenant_id, customer_id, alias, alias_fold, since)
    select tenant_id, customer_id, 'Ann', 'ann', 1 from customers where first_name = 'Ann'";

/// A total of hers, of a week in which she was not there.
const BOARD: &str = "insert into leaderboard_points
      (tenant_id, venue_id, period, starts_on, ends_before, customer_id, points)
    select c.tenant_id, min(v.venue_id), 'WEEK', '2001-01-01', '2001-01-08', c.customer_id, 0
    from customers c join venues v on v.tenant_id = c.tenant_id where first_name = 'Ann'
    group by c.tenant_id, c.customer_id";

/// Five points of Ann, held without an end by an order on which there is no money.
const HOLD: &str = "insert into points_holds (tenant_id, purchase_id, customer_id, points)
    select c.tenant_id, o.order_id, c.customer_id, 5 from customers c
    join orders o on o.tenant_id = c.tenant_id and o.label = 'open' where c.first_name = 'Ann';
    update customers set points_held = 5 where first_name = 'Ann'";

/// A purchase that earned, put aside as if it had not.
const PARKED: &str = "insert into parked_purchases (tenant_id, parked_id, purchase_id, looks_like, source, venue_id,
      customer_id, business_day, amount, currency, at, basket, parked_at)
    select tenant_id, 'pkd_x', purchase_id, 'ord_x', 'order', venue_id, customer_id, '2026-06-12', 1, 'USD', 1, '{}', 1
    from points_ledger where seq = 1";

/// A report that says it earned seven points.
const REPORTED: &str =
    "insert into reported_purchases (tenant_id, system, external_id, purchase_id, venue_id,
      customer_id, amount, currency, at, state, points, reported_at)
    select tenant_id, 'till', '1', 'till/1', venue_id, customer_id, 1, 'USD', 1, 'EARNED', 7, 1
    from points_ledger where seq = 1";

/// A chain of which every table that a law looks at has rows.
struct Filling<'a> {
    server: &'a Server,
    owner: &'a str,
    venue: String,
}

impl Filling<'_> {
    /// Posts, under a new key, what is created by it.
    fn post(&self, path: &str, ask: &Json) -> Json {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = path.replace("VENUE", &self.venue);
        let key = format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let answer = self.server.post_keyed(self.owner, &path, &key, ask);
        let (status, made) = answer.expect("an answer");
        assert_eq!(status, 201, "{path} {ask}: {made}");
        made
    }

    fn put(&self, path: &str, ask: &Json) {
        let path = path.replace("VENUE", &self.venue);
        let answer = self.server.send_as(self.owner, "PUT", &path, ask);
        let (status, said) = answer.expect("an answer");
        assert!(status < 300, "{path} {ask}: {status} {said}");
    }

    fn all(&self) {
        let (product, ann) = (self.product(), self.people());
        let afterwork = json!({"name": "Afterwork", "type": "PERCENTAGE", "scope": "ORDER", "percent": "10", "isAutomatic": true});
        self.post("/api/v1/dashboard/venues/VENUE/discounts", &afterwork);
        let till = "/api/v1/tpv/venues/VENUE/orders";
        let usd = |amount: i64| json!({"amount": amount, "currency": "USD"});
        let items = json!([{"productId": product, "quantity": "2"}, {"inline": {"name": "Chips", "unitPrice": usd(1_000)}}]);
        let card = json!({"method": "CARD", "tip": usd(300)});
        let part = json!({"method": "CARD", "amount": usd(1_000)});
        let place = |label: &str, customer: &Json, payments: Json| {
            self.post(till, &json!({"label": label, "customerId": customer, "items": items, "payments": payments}))
        };
        for label in ["one", "two"] {
            let placed = place(label, &ann, json!([card]));
            assert!(placed["pointsBalance"].as_i64() > Some(0), "{placed}");
        }
        place("cash", &Json::Null, json!([part, {"method": "CASH"}]));
        place("part", &Json::Null, json!([part]));
        let back = place("back", &Json::Null, json!([{"method": "CARD"}]));
        let less = place("less", &Json::Null, json!([part]));
        for (order, amount) in [(&back, 900), (&back, 450), (&less, 400)] {
            let refunds = format!("{till}/{}/refunds", order["id"].as_str().expect("an id"));
            let ask = json!({"amount": usd(amount), "reason": "it was cold"});
            self.post(&refunds, &ask);
        }
        place("open", &Json::Null, json!([]));
    }

    /// A product with a tax of 25 % in its price.
    fn product(&self) -> Json {
        let class =
            self.post("/api/v1/chain/tax-classes", &json!({"name": "Drinks"}))["id"].clone();
        let rate = json!({"taxClassId": class, "rate": "25", "validFrom": "2020-01-01"});
        self.put(
            "/api/v1/dashboard/venues/VENUE/tax-rates",
            &json!({"rates": [rate]}),
        );
        let category =
            self.post("/api/v1/chain/categories", &json!({"name": "Beer"}))["id"].clone();
        let price = json!({"venueId": self.venue, "price": {"amount": 2_000, "currency": "USD"}});
        let pils =
            json!({"name": "Pils", "categoryId": category, "taxClassId": class, "prices": [price]});
        self.post("/api/v1/dashboard/venues/VENUE/products", &pils)["id"].clone()
    }

    /// Staff who have signed in, tills, a group, and two customers; the one of them who buys.
    fn people(&self) -> Json {
        let staff = json!({"name": "Maja", "email": "maja@test.example", "roles": [{"venueId": self.venue, "role": "STAFF"}]});
        let maja = self.post("/api/v1/chain/staff", &staff)["id"].clone();
        let maja = format!("/api/v1/chain/staff/{}", maja.as_str().expect("an id"));
        self.put(
            &format!("{maja}/password"),
            &json!({"password": "four plain words"}),
        );
        self.put(&format!("{maja}/pin"), &json!({"pin": "2580"}));
        self.post(
            "/api/v1/staff/sign-in",
            &json!({"email": "maja@test.example", "password": "four plain words"}),
        );
        let devices = "/api/v1/dashboard/venues/VENUE/devices";
        let bar = self.post(devices, &json!({"name": "Bar"}));
        self.post("/api/v1/devices/pair", &json!({"code": bar["pairingCode"]}));
        self.post(devices, &json!({"name": "Terrace"}));
        let group = self.post(
            "/api/v1/dashboard/venues/VENUE/customer-groups",
            &json!({"name": "Boulists"}),
        )["id"]
            .clone();
        let customers = "/api/v1/dashboard/venues/VENUE/customers";
        self.post(customers, &json!({"firstName": "Bo"}));
        let ann = json!({"firstName": "Ann", "email": "ann@test.example", "phone": "+46701234567", "customerGroupId": group});
        self.post(customers, &ann)["id"].clone()
    }
}

/// Fills a store through the API, seals it, and takes its guards away.
async fn filled(store: Store) -> Ground {
    let ground = Ground::new(store).await;
    let server = ground.serve();
    Filling {
        server: &server,
        owner: &ground.owner,
        venue: ground.venue.to_string(),
    }
    .all();
    assert!(server.end("TERM").0.success());
    ground.verify();
    ground.unguard().await;
    ground.verify();
    ground
}

fn verify(ground: &Ground, more: &[&str]) -> (Option<i32>, String) {
    let mut words = vec!["audit", "verify", "--log", "error"];
    words.extend(more);
    let done = ground.run(&words);
    (
        done.status.code(),
        stdout(&done) + &String::from_utf8_lossy(&done.stderr),
    )
}

/// What is wrong with how a breach is told, if anything is.
async fn told(sound: &Ground, breach: &Breach, in_json: bool) -> Result<(), String> {
    let ground = sound.copy().await;
    ground.plant(breach.plant).await;
    let (code, text) = verify(&ground, &[]);
    let json = in_json.then(|| verify(&ground, &["--json"]));
    ground.clear().await;
    if code != Some(1) {
        return Err(format!("exit code {code:?}: {text}"));
    }
    let state = format!("{:5}  BROKEN", breach.law);
    let mut of_law = text.lines().skip_while(|line| !line.starts_with(&state));
    if of_law.next().is_none() {
        return Err(format!("it is not named: {text}"));
    }
    let mut said = of_law.take_while(|line| line.starts_with(' '));
    if !said.any(|line| line.contains(breach.says)) {
        return Err(format!("nothing says {:?}: {text}", breach.says));
    }
    let last = text.lines().find_map(|line| line.strip_prefix("Broken: "));
    let mut broken = last.unwrap_or_default().trim_end_matches('.').split(", ");
    if let Some(other) = broken.find(|law| *law != breach.law && !breach.also.contains(law)) {
        return Err(format!("{other} is broken too: {text}"));
    }
    json.map_or(Ok(()), |(code, json)| {
        let verdicts: Json = serde_json::from_str(&json).unwrap_or_default();
        let mut verdicts = verdicts.as_array().into_iter().flatten();
        let named = verdicts.any(|one| one["law"] == breach.law && one["breaches"] != json!([]));
        (code == Some(1) && named).then_some(()).ok_or(json)
    })
}

async fn every_breach_is_named(store: Store) {
    let sound = filled(store).await;
    let (mut unnamed, mut before) = (Vec::new(), "");
    for breach in BREACHES {
        let is_first = before != breach.law;
        before = breach.law;
        if let Err(why) = told(&sound, breach, is_first).await {
            unnamed.push(format!("{} by {:?}\n{why}", breach.law, breach.plant));
        }
    }
    sound.clear().await;
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_breach_is_named_on_sqlite() {
    every_breach_is_named(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_breach_is_named_on_postgres() {
    every_breach_is_named(Store::Postgres).await;
}

#[test]
fn each_check_of_each_law_has_a_breach() {
    let laws = ROOMS.iter().flat_map(|room| room.laws);
    let checks: Vec<&str> = laws.map(|law| law.number).collect();
    for number in &checks {
        let checked = checks.iter().filter(|one| *one == number).count();
        let planted = BREACHES
            .iter()
            .filter(|breach| breach.law == *number)
            .count();
        assert!(
            planted >= checked,
            "{number} is asked by {checked} checks and {planted} breaches are planted"
        );
    }
}
