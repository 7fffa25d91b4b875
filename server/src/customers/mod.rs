//! (This room is being built.)

mod routes;

use crate::hall::room::Room;

pub const ROOM: Room = Room {
    name: "customers",
    routes: routes::routes,
    jobs: &[],
    laws: &[],
};
