//! What is true of the whole server, in one test binary.

mod cli;
mod program;
