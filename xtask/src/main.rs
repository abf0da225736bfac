//! `cargo xtask`: the proofs of Boatyard. Nothing here links the product; the
//! proofs run the real binary and look at what it wrote.

mod bench;
mod conform;
mod freshness;
mod life;
mod process;
mod report;
mod stack;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The proofs of Boatyard.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the pinned validators over every combination
    Verify(verify::Args),
    /// Build and start generated services and hold them against the contract
    Conform(conform::Args),
    /// Take repositories that people work in through updates, with their own checks after each
    Life(life::Args),
    /// Say which pinned versions are near or past the end of their support
    Freshness(freshness::Args),
    /// Measure `boatyard new` beside cp, cookiecutter and copier
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Verify(args) => verify::run(args),
        Command::Conform(args) => conform::run(args),
        Command::Life(args) => life::run(args),
        Command::Freshness(args) => freshness::run(args),
        Command::Bench(args) => bench::run(args),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
