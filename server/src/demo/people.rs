//! Who works at the demo's venues, and who comes there. The phone numbers are of those kept for fiction.

use super::DemoCustomer;
use crate::customers::{self, EditCustomer};
use crate::hall::access::Role;
use crate::hall::error::Result;
use crate::hall::identity::Venue;
use crate::hall::store::Tx;

pub struct Employee {
    pub name: &'static str,
    pub role: Role,
    pub pin: &'static str,
}

pub const STAFF: &[Employee] = &[
    Employee {
        name: "Olivia Berg",
        role: Role::Owner,
        pin: "1111",
    },
    Employee {
        name: "Marco Silva",
        role: Role::Manager,
        pin: "2222",
    },
    Employee {
        name: "Sam Okafor",
        role: Role::Staff,
        pin: "3333",
    },
    Employee {
        name: "Ines Duarte",
        role: Role::Staff,
        pin: "4444",
    },
];

const FIRST: &[&str] = &[
    "Åsa", "Liam", "Noor", "Elena", "Tomás", "Grace", "Yuki", "Omar", "Ida", "Mateo", "Zoë",
    "Anders", "Priya", "Jonas", "Lucía", "Ben",
];
const LAST: &[&str] = &[
    "Lindqvist",
    "Carter",
    "Haddad",
    "Rossi",
    "García",
    "Okoye",
    "Tanaka",
    "Novak",
];

/// As many as there are fictional numbers that look alike: 555-0100 and on.
const CUSTOMERS: usize = 48;

/// Makes the customers known.
pub fn welcome(tx: &mut Tx, venue: &Venue) -> Result<Vec<DemoCustomer>> {
    (0..CUSTOMERS)
        .map(|place| {
            let (first, last) = (
                FIRST[place % FIRST.len()],
                LAST[(place * 5 + place / 16) % LAST.len()],
            );
            let phone = format!("+1202555{:04}", 100 + place);
            let ask = EditCustomer {
                first_name: Some(first.into()),
                last_name: Some(last.into()),
                phone: Some(phone.clone()),
                email: Some(format!("guest{place}@example.com")),
                ..EditCustomer::default()
            };
            let made = customers::create(tx, venue, &ask)?;
            Ok(DemoCustomer {
                id: made.id,
                name: format!("{first} {last}"),
                phone,
            })
        })
        .collect()
}
