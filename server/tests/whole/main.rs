//! What is true of the whole server, in one test binary.

mod cli;
mod crash;
mod ground;
mod history;
mod program;
