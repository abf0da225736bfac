//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(boatyard::shell::commands::run(std::env::args_os()))
}
