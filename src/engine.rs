//! The pure part: values in, values out. No files, environment, processes, clock, terminal or network, and no panics.
//!
//! [`draft`] reads answers, [`resolve`] makes the [`plan`], [`render`] prints the [`tree`]; [`base`] remembers what was
//! printed, [`merge`] brings it together with the user's edits, and [`change`] says what a directory goes through.

pub mod adopt;
pub mod answers;
pub mod base;
pub mod catalog;
pub mod change;
pub mod detect;
pub mod diff;
pub mod draft;
pub mod environments;
pub mod error;
pub mod explain;
pub mod facts;
pub mod merge;
pub mod names;
pub mod next;
pub mod plan;
pub mod questions;
pub mod refit;
pub mod render;
pub mod repository;
pub mod resolve;
pub mod schema;
pub mod status;
pub mod tree;
