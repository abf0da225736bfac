//! Boatyard lays down complete, production-ready service repositories and keeps them current.
//!
//! [`engine`] decides and prints, as pure values; [`shell`] reads arguments and files, asks, writes and reports.
//! The engine never imports the shell: a test holds that.

pub mod engine;
pub mod shell;
