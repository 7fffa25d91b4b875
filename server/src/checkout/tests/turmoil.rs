//! A busy evening on which the office changes its mind: orders are opened, priced, paid and refunded while their
//! discounts and codes are edited, paused and ended. Whatever is refused, nothing breaks, and the laws hold throughout.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::audit;
use crate::both_stores;
use crate::hall::id::CustomerId;
use crate::hall::secret::Entropy;
use crate::hall::testing::{Said, TestApp, sequences};

/// Evenings of one run; `REGULARS_SEQUENCES` asks for more, or as `7..8` for some of them. The one with number 3 once
/// found an order that bore a code paused meanwhile, and could not be decided again.
const EVENINGS: u64 = 4;
const ACTS: u64 = 120;
/// What was decided wrongly is seen until it is decided again.
const ASKED_EACH: u64 = 4;

/// What there is to choose from, by their paths.
struct Evening<'a> {
    app: &'a TestApp,
    random: Entropy,
    guests: Vec<CustomerId>,
    /// Each with what was last asked of it.
    rules: Vec<(String, Json)>,
    codes: Vec<(String, String)>,
    open: Vec<String>,
    closed: Vec<String>,
}

impl Evening<'_> {
    fn below(&self, below: usize) -> usize {
        usize::try_from(self.random.below(below as u64)).unwrap()
    }

    fn any<'t, T>(&self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    fn item(&self) -> Json {
        let price = 100 + 50 * self.below(80);
        let inline = json!({"name": "Dish", "unitPrice": {"amount": price, "currency": "EUR"}});
        json!({"inline": inline, "quantity": (1 + self.below(3)).to_string()})
    }

    /// Nobody, one time in four.
    fn guest(&self) -> Option<CustomerId> {
        (self.below(4) > 0).then(|| *self.any(&self.guests))
    }

    async fn found(&mut self) {
        let rule = |name: &str, more: Json| {
            let mut rule =
                json!({"name": name, "type": "PERCENTAGE", "percent": "10", "scope": "ORDER"});
            let more = more.as_object().unwrap().clone();
            rule.as_object_mut().unwrap().extend(more);
            rule
        };
        for rule in [
            rule(
                "Most",
                json!({"isAutomatic": true, "isStackable": true, "minPurchaseAmount": {"amount": 9_000, "currency": "EUR"}}),
            ),
            rule(
                "Big spender",
                json!({"isAutomatic": true, "percent": "25", "minPurchaseAmount": {"amount": 14_000, "currency": "EUR"}}),
            ),
            rule(
                "Few",
                json!({"isStackable": true, "percent": "20", "maxTotalUses": 5, "maxUsesPerCustomer": 1}),
            ),
            rule("Picked", json!({"isStackable": true, "percent": "15"})),
            rule(
                "Fixed",
                json!({"isStackable": true, "type": "FIXED_AMOUNT", "percent": null, "amount": {"amount": 300, "currency": "EUR"}}),
            ),
        ] {
            let manager = self.app.manager();
            let made = manager.post("/api/v1/chain/discounts", rule.clone()).await;
            self.rules.push((made.is(201).text("/id"), rule));
        }
        for (code, rule, more) in [
            ("FEW", 2, json!({"maxUses": 6})),
            ("ONCE", 3, json!({"maxUsesPerCustomer": 1})),
            ("FIRST", 4, json!({"firstPurchaseOnly": true})),
            ("AGAIN", 3, json!({"duration": "FOREVER"})),
            ("FIXED", 4, json!({})),
        ] {
            let mut ask = json!({"code": code, "discountId": self.rules[rule].0});
            ask.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            let made = self.app.manager().post("/api/v1/chain/coupons", ask).await;
            self.codes.push((code.to_owned(), made.is(201).text("/id")));
        }
    }

    /// One act; an order that it ended is among the closed ones afterwards.
    async fn act(&mut self) -> Said {
        if self.open.is_empty() || (self.open.len() < 6 && self.below(4) == 0) {
            let items: Vec<Json> = (0..1 + self.below(3)).map(|_| self.item()).collect();
            let ask = json!({"customerId": self.guest(), "items": items});
            let opened = self.app.staff().post(&self.app.till("/orders"), ask).await;
            let path = format!("/orders/{}", opened.is(201).text("/id"));
            self.open.push(self.app.till(&path));
            return opened;
        }
        match self.below(6) {
            0 => self.change_rules().await,
            1 if !self.closed.is_empty() => {
                let part = json!({"amount": 50 + 50 * self.below(20), "currency": "EUR"});
                let ask = json!({"amount": part, "reason": "it was cold"});
                let path = format!("{}/refunds", self.any(&self.closed));
                self.app.manager().post(&path, ask).await
            }
            _ => {
                let place = self.below(self.open.len());
                let said = self.change(&self.open[place]).await;
                let status = said
                    .json
                    .pointer("/order/status")
                    .or(said.json.get("status"));
                if status.is_some_and(|status| status == "PAID" || status == "VOIDED") {
                    self.closed.push(self.open.swap_remove(place));
                }
                said
            }
        }
    }

    /// What the office does.
    async fn change_rules(&mut self) -> Said {
        let manager = self.app.manager();
        if self.below(2) == 0 {
            let path = format!("/api/v1/chain/coupons/{}", self.any(&self.codes).1);
            let ask = json!({"active": self.below(2) == 0});
            return manager.patch(&path, ask).await;
        }
        let place = self.below(self.rules.len());
        let path = format!("/api/v1/chain/discounts/{}", self.rules[place].0);
        if self.below(16) == 0 {
            return manager.delete(&path).await;
        }
        let (active, percent) = (self.below(3) > 0, 5 + self.below(30));
        let ask = &mut self.rules[place].1;
        ask["active"] = json!(active);
        if ask["type"] == "PERCENTAGE" {
            ask["percent"] = json!(percent.to_string());
        }
        manager.put(&path, ask.clone()).await
    }

    /// What the till does to an open order.
    async fn change(&self, order: &str) -> Said {
        let (app, staff) = (self.app, self.app.staff());
        match self.below(15) {
            0 | 1 => staff.post(&format!("{order}/items"), self.item()).await,
            2..=5 => {
                let code = &self.any(&self.codes).0;
                staff
                    .post(&format!("{order}/discounts/coupon"), json!({"code": code}))
                    .await
            }
            6 => {
                let pick = json!({"discountId": self.any(&self.rules).0});
                staff
                    .post(&format!("{order}/discounts/predefined"), pick)
                    .await
            }
            7 => {
                staff
                    .post(
                        &format!("{order}/discounts/points"),
                        json!({"points": 1 + self.below(90)}),
                    )
                    .await
            }
            8 => {
                staff
                    .put(
                        &format!("{order}/customer"),
                        json!({"customerId": self.guest()}),
                    )
                    .await
            }
            9 => {
                let shown = staff.get(order).await;
                let bears = shown.is(200).json["discounts"].as_array().unwrap().clone();
                if bears.is_empty() {
                    return shown;
                }
                let id = self.any(&bears)["id"].as_str().unwrap().to_owned();
                staff.delete(&format!("{order}/discounts/{id}")).await
            }
            10 => {
                staff
                    .post(&format!("{order}/discounts/automatic"), json!({}))
                    .await
            }
            11 => {
                staff
                    .post(&format!("{order}/void"), json!({"reason": "guest left"}))
                    .await
            }
            12 => {
                let part = json!({"amount": 50 + 50 * self.below(20), "currency": "EUR"});
                staff
                    .post(
                        &format!("{order}/payments"),
                        json!({"method": "CASH", "amount": part}),
                    )
                    .await
            }
            13 => {
                staff
                    .post(&format!("{order}/payments"), json!({"method": "CARD"}))
                    .await
            }
            _ => {
                app.advance(SignedDuration::from_mins(90));
                crate::jobs::run_due(&app.hall, None).await.unwrap();
                staff.get(order).await
            }
        }
    }
}

async fn laws_hold(app: &TestApp, evening: u64) {
    let verdicts = audit::verify(&app.hall, |_| ()).await.unwrap();
    let breaches: Vec<_> = verdicts
        .into_iter()
        .flat_map(|verdict| verdict.breaches)
        .collect();
    assert!(breaches.is_empty(), "evening {evening}: {breaches:#?}");
}

both_stores! {
    async fn the_office_changes_its_mind_all_evening(app: TestApp) {
        for evening in sequences(EVENINGS) {
            let mut here = Evening {
                app: &app,
                random: Entropy::seeded(evening),
                guests: Vec::new(),
                rules: Vec::new(),
                codes: Vec::new(),
                open: Vec::new(),
                closed: Vec::new(),
            };
            for name in ["Ann", "Bo", "Cleo"] {
                here.guests.push(app.customer(name).await);
            }
            here.found().await;
            let mut taken = 0;
            for act in 0..ACTS {
                let said = here.act().await;
                assert!(said.status.as_u16() < 500, "evening {evening}: {} {}", said.status, said.json);
                taken += u64::from(said.status.is_success());
                if act % ASKED_EACH == 0 {
                    laws_hold(&app, evening).await;
                }
            }
            assert!(taken > ACTS / 5, "evening {evening}: {taken} of {ACTS} acts were taken");
            laws_hold(&app, evening).await;
            // Codes are one of a kind, and so are those of the next evening.
            for (_, id) in &here.codes {
                app.manager().delete(&format!("/api/v1/chain/coupons/{id}")).await.is(204);
            }
            for (rule, _) in &here.rules {
                app.manager().delete(&format!("/api/v1/chain/discounts/{rule}")).await;
            }
        }
    }
}
