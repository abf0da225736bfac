//! A release that Argo Rollouts watches.

use anyhow::{Result, ensure};

use super::release::{SECOND, refused};
use crate::conform::bed::Bed;
use crate::conform::spoil;

const BAD: &str = "0.0.50";

pub fn bad_answers(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let image = staging.altered(bed, BAD, |folder| spoil::list_of_items(folder, &bed.stack.language))?;
    let seen = refused(bed, staging, &image, "bad answers: taken back s")?;
    let (share, span) = seen.errors();
    bed.measure("bad answers %", share);
    bed.measure("bad answers s", span);
    let others: Vec<&String> = seen.lost.iter().filter(|lost| !lost.starts_with("status 5")).collect();
    ensure!(others.is_empty(), "{} lost in another way: {}", others.len(), others[0]);
    ensure!(share < 50.0, "{share:.0} % of the requests met it");
    staging.serves(SECOND)
}
