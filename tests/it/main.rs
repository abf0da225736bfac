//! One binary for the fast suite: hermetic, only Rust needed.

mod adopt;
mod after;
mod catalog;
mod cli;
mod combinations;
mod environments;
mod examples;
mod explain;
mod golden;
mod hostile;
mod merge;
mod messages;
mod names;
mod next;
mod paths;
mod picture;
mod questions;
mod schemas;
mod support;
mod terminal;
mod tidy;
mod update;
mod wizard;
mod writing;
