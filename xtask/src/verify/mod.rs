//! `cargo xtask verify`: the validators over every combination.

use std::process::ExitCode;

/// Arguments of `cargo xtask verify`.
#[derive(clap::Args)]
pub struct Args {
    /// Only combinations whose id contains this text
    pattern: Option<String>,
}

/// Runs the validators.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!(
        "verify {}: nothing to run",
        args.pattern.unwrap_or_default()
    )
}
