//! What the wizard may offer to do after the repository is written, on this machine and in this place.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::catalog::Catalog;
use crate::engine::questions::Offer;

use super::{commit, find};

/// The key of the offer to lock dependencies.
pub const LOCK: &str = "lock";

/// The key of the offer to make the first commit.
pub const GIT: &str = "git";

/// One offer for each package manager that is installed here.
pub fn lock(catalog: &Catalog) -> Vec<Offer> {
    let mut offers = Vec::new();
    for (key, component) in &catalog.components {
        let beside = component
            .with
            .iter()
            .map(|(selector, facts)| (selector.split_once('.'), facts));
        for (beside, facts) in std::iter::once((None, &component.facts)).chain(beside) {
            let Some(lock) = facts.lock.first().filter(|lock| find(&lock.program).is_some()) else {
                continue;
            };
            offers.push(Offer {
                key: LOCK,
                asks: "Lock the dependencies now?".into(),
                about: format!("runs `{}`", lock.command()),
                default: true,
                when: [key.split_once('/'), beside]
                    .into_iter()
                    .flatten()
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .collect(),
            });
        }
    }
    offers
}

/// The offer of a first commit; inside somebody's repository the marked answer is no.
pub fn git(directory: Option<&Path>) -> Option<Offer> {
    find("git")?;
    Some(Offer {
        key: GIT,
        asks: "Make the first commit?".into(),
        about: "runs `git init`, `git add` and `git commit`".into(),
        default: !commit::inside_repository(directory.unwrap_or(Path::new("new"))),
        when: BTreeMap::new(),
    })
}
