//! `cargo xtask conform`: the black-box proof of the service contract.

use std::process::ExitCode;

/// Arguments of `cargo xtask conform`.
#[derive(clap::Args)]
pub struct Args {
    /// Only combinations whose id contains this text
    pattern: Option<String>,
}

/// Runs the contract suite.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!(
        "conform {}: nothing to run",
        args.pattern.unwrap_or_default()
    )
}
