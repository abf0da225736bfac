//! Which of several things a repository is: the one that most signs speak for.

use super::{Evidence, FILE, Mention, SOURCE, Seen, Sign, pattern};

/// The most evidence that is told of one thing.
const TOLD: usize = 4;

/// Something that signs may speak for.
pub(super) struct Candidate<'a> {
    /// The answer; none: something that Boatyard does not have.
    pub value: Option<&'a str>,
    /// Its name.
    pub title: &'a str,
    /// Its signs.
    pub signs: &'a [Sign],
}

/// A candidate that something speaks for.
pub(super) struct Weighed<'a> {
    pub candidate: &'a Candidate<'a>,
    pub points: u32,
    pub evidence: Vec<Evidence>,
}

/// The candidates that something speaks for, the likeliest first; of two that are as likely, the earlier one.
pub(super) fn weigh<'a>(candidates: &'a [Candidate<'a>], seen: &Seen, mentions: &[Mention]) -> Vec<Weighed<'a>> {
    let sources = |sign: &Sign| -> Vec<&super::RelPath> {
        let fits = |path: &&super::RelPath| sign.names.iter().any(|name| pattern::path(name, path.as_str()));
        seen.files.iter().filter(fits).collect()
    };
    let signs = candidates.iter().flat_map(|candidate| candidate.signs);
    let all: usize = signs
        .filter(|sign| sign.kind == SOURCE)
        .map(|sign| sources(sign).len())
        .sum();
    let mut weighed: Vec<Weighed<'_>> = candidates
        .iter()
        .filter_map(|candidate| {
            let mut found: Vec<(u32, Vec<Evidence>)> = Vec::new();
            for sign in candidate.signs {
                let (points, evidence) = match sign.kind.as_str() {
                    SOURCE => share(sign, &sources(sign), all),
                    FILE => (sign.points, files(&sources(sign))),
                    _ => (sign.points, mentioned(sign, mentions)),
                };
                if !evidence.is_empty() {
                    found.push((points, evidence));
                }
            }
            found.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
            Some(Weighed {
                candidate,
                points: found.iter().map(|(points, _)| points).sum(),
                evidence: told(found),
            })
            .filter(|weighed| weighed.points > 0)
        })
        .collect();
    weighed.sort_by_key(|weighed| std::cmp::Reverse(weighed.points));
    weighed
}

/// Evidence of every sign first, then more of each.
fn told(found: Vec<(u32, Vec<Evidence>)>) -> Vec<Evidence> {
    let mut told = Vec::new();
    for round in 0..TOLD {
        for evidence in found.iter().filter_map(|(_, evidence)| evidence.get(round)) {
            if told.len() < TOLD && !told.contains(evidence) {
                told.push(evidence.clone());
            }
        }
    }
    told
}

fn share(sign: &Sign, sources: &[&super::RelPath], all: usize) -> (u32, Vec<Evidence>) {
    let Some(first) = sources.first() else {
        return (0, Vec::new());
    };
    let (count, whole) = (sources.len() as u64, all.max(1) as u64);
    let points = u64::from(sign.points) * count / whole;
    let evidence = Evidence {
        path: (*first).clone(),
        line: None,
        text: format!("{count} of {all} source files"),
    };
    (u32::try_from(points).unwrap_or(sign.points), vec![evidence])
}

fn files(found: &[&super::RelPath]) -> Vec<Evidence> {
    let evidence = |path: &&super::RelPath| Evidence {
        path: (*path).clone(),
        line: None,
        text: String::new(),
    };
    found.iter().map(evidence).collect()
}

fn mentioned(sign: &Sign, mentions: &[Mention]) -> Vec<Evidence> {
    let fits = |mention: &&Mention| {
        let text = &mention.evidence.text;
        mention.kind == sign.kind && sign.names.iter().any(|name| pattern::name(name, text))
    };
    mentions
        .iter()
        .filter(fits)
        .map(|mention| mention.evidence.clone())
        .collect()
}
