//! The part that touches the world: arguments, terminal, files, processes. It reads, calls the engine, writes, reports.

pub mod after;
pub mod cli;
pub mod commands;
pub mod disk;
pub mod embedded;
pub mod failure;
pub mod interrupt;
pub mod project;
pub mod report;
pub mod sources;
pub mod wizard;
