//! The pure part: values in, values out. No files, environment, processes, clock, terminal or network, and no panics.
//!
//! [`draft`] reads answers, [`resolve`] makes the [`plan`], [`render`] prints the [`tree`]; [`base`] remembers what was
//! printed and [`change`] says what a directory would go through.

pub mod answers;
pub mod base;
pub mod catalog;
pub mod change;
pub mod draft;
pub mod error;
pub mod explain;
pub mod facts;
pub mod names;
pub mod next;
pub mod plan;
pub mod questions;
pub mod render;
pub mod repository;
pub mod resolve;
pub mod schema;
pub mod tree;
