//! Coupons: the codes that guests type, each for one discount (1:N).
//!
//! A code is unique in its chain however it is typed (`code`), and good wherever its discount is live. Terms stand
//! on the batch: a million generated codes share one text of them, and each has a small row. A code that a person
//! chose is a batch of one; a generated code that is changed gets a batch of its own then. Uses are held and counted
//! by `discounts::uses` under the code's id, by whoever prices an order; here is what may be used, not by whom.
//!
//! A `REPEATING` or `FOREVER` code opens a run for its customer when its first use is paid (`runs`): from then on it
//! is applied untyped, and uses nothing up. Deleting or pausing a code lets the runs go on; archiving its discount
//! ends them. A reward's voucher is a personal code for one use (`personal`).
//!
//! Keeps L08, L23, L33 and L36. Who is anonymous gets one refusal for whatever is wrong with a code, from the same
//! statements (`validate`).
//!
//! Absent on purpose: another code or discount for a code that exists. Delete it and make another.

mod apply;
mod code;
mod numbers;
mod personal;
mod runs;
mod show;
mod store;
mod terms;
#[cfg(test)]
mod tests;

pub use apply::{Coupon, running, standing, typed};
pub use personal::{Personal, Voucher, issue_personal};
pub use runs::{first_paid, undone};
pub use show::CouponCode;
pub use terms::Duration;

use crate::hall::error::{Code, Error, Extra};
use crate::hall::room::Room;

pub const ROOM: Room = Room {
    name: "coupons",
    ..Room::EMPTY
};

fn taken() -> Error {
    let said = "Another code of the chain reads the same: choose another one.";
    Error::Conflict(Code::NameTaken, Extra::saying(said))
}
