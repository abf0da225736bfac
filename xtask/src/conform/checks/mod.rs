//! All checks, by section of the contract, in the order they run: those that
//! only ask first, those that break servers later, and the logs of all of them last.

mod endpoints;
mod items;

use super::check::Check;

/// Every check.
pub fn all() -> Vec<&'static Check> {
    [endpoints::CHECKS, items::CHECKS].into_iter().flatten().collect()
}
