//! One binary for the fast suite: hermetic, only Rust needed.

mod catalog;
mod combinations;
mod examples;
mod explain;
mod golden;
mod hostile;
mod names;
mod paths;
mod schemas;
mod tidy;
