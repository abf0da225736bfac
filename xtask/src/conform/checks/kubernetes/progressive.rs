//! A release that Argo Rollouts watches.

use anyhow::{Result, ensure};

use super::release::SECOND;
use crate::conform::bed::Bed;

const BAD: &str = "0.0.50";

pub fn bad_answers(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let image = staging.answering_500(bed, BAD)?;
    let mut took = 0.0;
    let seen = staging.under_load(|| {
        let (output, seconds) = staging.deploy(&image)?;
        took = seconds;
        ensure!(output.code != 0, "`make deploy` succeeds");
        Ok(())
    })?;
    let (share, span) = seen.errors();
    bed.measure("bad answers %", share);
    bed.measure("bad answers s", span);
    bed.measure("bad answers: taken back s", took);
    let others: Vec<&String> = seen.lost.iter().filter(|lost| !lost.starts_with("status 5")).collect();
    ensure!(others.is_empty(), "{} lost in another way: {}", others.len(), others[0]);
    ensure!(share < 50.0, "{share:.0} % of the requests met it");
    staging.serves(SECOND)
}
