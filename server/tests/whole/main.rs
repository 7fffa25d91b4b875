//! What is true of the whole server, in one test binary.

mod authz;
mod bad_input;
mod cli;
mod crash;
mod ground;
mod history;
mod laws;
mod openapi;
mod program;
mod races;
mod readme;
mod reckoning;
mod sources;
mod tidy;
