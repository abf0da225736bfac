//! What was seen, as answers: one finding for each axis, for each option that something speaks for, and what is told beside.

use std::collections::BTreeMap;

use super::weigh::{Candidate, Weighed, weigh};
use super::{Evidence, FILE, Finding, How, Known, Mention, Seen, mentions};
use crate::engine::catalog::{Axis, Catalog, OptionKind, OptionSpec};
use crate::engine::draft::Draft;
use crate::engine::names::Names;

/// The key of ports, which are told and no answer.
const PORT: &str = "port";

/// The most values of one kind that are told.
const TOLD: usize = 5;

/// Everything that was found out about a repository in a directory of this name.
///
/// `chosen` are components that were decided already: options and features are theirs.
pub fn findings(seen: &Seen, directory: &str, chosen: &BTreeMap<String, String>, catalog: &Catalog) -> Vec<Finding> {
    let mentions = mentions(seen, &catalog.places);
    let look = Look {
        seen,
        mentions: &mentions,
        catalog,
    };
    let mut all = Vec::new();
    let mut choices = BTreeMap::new();
    for axis in &catalog.axes {
        if !axis.applies(&choices) {
            continue;
        }
        let finding = look.axis(axis);
        let choice = chosen.get(&axis.id).cloned().or_else(|| finding.value.clone());
        choices.extend(choice.map(|id| (axis.id.clone(), id)));
        all.push(finding);
    }
    let selected = choices.iter().map(|(axis, id)| format!("{axis}/{id}"));
    let selected: Vec<String> = std::iter::once("base".to_owned()).chain(selected).collect();
    all.insert(0, look.name(directory, &selected));
    for (key, option) in catalog.options() {
        if selected.iter().any(|selected| selected == key) && catalog.stray_option(&option.id, &choices).is_none() {
            all.extend(look.option(option, &selected));
        }
    }
    let components = selected.iter().filter_map(|key| match key.as_str() {
        "base" => Some(&catalog.base),
        key => catalog.components.get(key),
    });
    for feature in components.flat_map(|component| &component.features) {
        let weighed = candidates(&feature.values);
        let found = weigh(&weighed, seen, &mentions);
        all.extend(found.into_iter().next().map(|best| told(&feature.id, best)));
    }
    all.extend(look.ports());
    all
}

struct Look<'a> {
    seen: &'a Seen,
    mentions: &'a [Mention],
    catalog: &'a Catalog,
}

impl Look<'_> {
    /// The first name that may be one: as a file says it, else the directory's.
    fn name(&self, directory: &str, selected: &[String]) -> Finding {
        let key = crate::engine::questions::NAME;
        let named = self.said(key, selected);
        let named = named.map(|mention| (mention.evidence.text.clone(), vec![mention.evidence.clone()]));
        let mut named = named.chain(std::iter::once((directory.to_owned(), Vec::new())));
        let found = named.find(|(name, _)| Names::parse(name).is_ok());
        let (value, evidence) = found.map_or((None, Vec::new()), |(name, evidence)| (Some(name), evidence));
        Finding {
            key: key.into(),
            title: value.clone().unwrap_or_default(),
            how: if value.is_some() { How::Found } else { How::Absent },
            value,
            evidence,
        }
    }

    /// What files say for the key of an answer, those of other components left aside.
    fn said<'b>(&'b self, key: &'b str, selected: &'b [String]) -> impl Iterator<Item = &'b Mention> {
        let counts = |mention: &Mention| {
            mention.beside.is_empty() || selected.iter().any(|one| one.replace('/', ".") == mention.beside)
        };
        let said = self.mentions.iter().filter(move |mention| mention.kind == key);
        said.filter(move |mention| counts(mention))
    }

    fn axis(&self, axis: &Axis) -> Finding {
        let components = axis.components.iter().filter_map(|id| {
            let component = self.catalog.component(&axis.id, id)?;
            Some(Candidate {
                value: Some(id),
                title: &component.title,
                signs: &component.signs,
            })
        });
        let all: Vec<Candidate<'_>> = components.chain(candidates(&axis.others)).collect();
        let title = |id: &String| {
            self.catalog
                .component(&axis.id, id)
                .map(|component| component.title.clone())
        };
        let mut finding = decided(&axis.id, weigh(&all, self.seen, self.mentions));
        if matches!(finding.how, How::Absent | How::Other) {
            finding.value.clone_from(&axis.absent);
            if finding.how == How::Absent {
                finding.title = axis.absent.as_ref().and_then(title).unwrap_or_default();
            }
        }
        finding
    }

    fn option(&self, option: &OptionSpec, selected: &[String]) -> Option<Finding> {
        if option.kind != OptionKind::Choice {
            let mut valid = self.said(&option.id, selected).filter(|mention| {
                let text = &mention.evidence.text;
                Draft::default().answer(&option.id, text, self.catalog).is_ok()
            });
            let evidence = valid.next()?.evidence.clone();
            return Some(Finding {
                key: option.id.clone(),
                value: Some(evidence.text.clone()),
                title: evidence.text.clone(),
                how: How::Found,
                evidence: vec![evidence],
            });
        }
        let values = option.values.iter().filter_map(|value| {
            Some(Candidate {
                value: Some(value),
                title: value,
                signs: option.signs.get(value)?,
            })
        });
        let all: Vec<Candidate<'_>> = values.chain(candidates(&option.others)).collect();
        let finding = decided(&option.id, weigh(&all, self.seen, self.mentions));
        (finding.how != How::Absent).then_some(finding)
    }

    /// Every port that is mentioned, in the order of places.
    fn ports(&self) -> Vec<Finding> {
        let mut found: Vec<Finding> = Vec::new();
        for Mention { evidence, .. } in self.mentions.iter().filter(|mention| mention.kind == PORT) {
            if let Some(finding) = found.iter_mut().find(|finding| finding.title == evidence.text) {
                finding.evidence.push(evidence.clone());
            } else if evidence.text.parse::<u16>().is_ok_and(|port| port > 0) {
                found.push(Finding {
                    key: PORT.into(),
                    value: None,
                    title: evidence.text.clone(),
                    how: How::Seen,
                    evidence: vec![evidence.clone()],
                });
            }
        }
        found.truncate(TOLD);
        found.iter_mut().for_each(|finding| finding.evidence.truncate(TOLD));
        found
    }
}

fn candidates(known: &[Known]) -> Vec<Candidate<'_>> {
    known.iter().map(Candidate::from).collect()
}

impl<'a> From<&'a Known> for Candidate<'a> {
    fn from(known: &'a Known) -> Self {
        Self {
            value: None,
            title: &known.title,
            signs: &known.signs,
        }
    }
}

/// The likeliest, unless another is nearly as likely: two thirds of its points, and somebody should be asked.
fn decided(key: &str, found: Vec<Weighed<'_>>) -> Finding {
    let most = found.first().map_or(0, |best| best.points);
    let best: Vec<&Weighed<'_>> = found
        .iter()
        .take_while(|weighed| weighed.points * 3 > most * 2)
        .collect();
    let (how, value) = match best.as_slice() {
        [] => (How::Absent, None),
        [one] => match one.candidate.value {
            Some(value) => (How::Found, Some(value.to_owned())),
            None => (How::Other, None),
        },
        _ => (How::Unsure, None),
    };
    let titles: Vec<&str> = best.iter().map(|weighed| weighed.candidate.title).collect();
    let evidence: Vec<Evidence> = best.iter().flat_map(|weighed| weighed.evidence.clone()).collect();
    Finding {
        key: key.to_owned(),
        value,
        title: titles.join(" or "),
        how,
        evidence,
    }
}

fn told(key: &str, best: Weighed<'_>) -> Finding {
    Finding {
        key: key.to_owned(),
        value: None,
        title: best.candidate.title.to_owned(),
        how: How::Seen,
        evidence: best.evidence,
    }
}

impl Evidence {
    /// As a person reads it: ``package.json:14 `pg` ``.
    pub fn shown(&self) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        match (self.text.is_empty(), self.line) {
            (true, _) => self.path.to_string(),
            (false, None) => self.text.clone(),
            (false, Some(_)) => format!("{}{line} `{}`", self.path, self.text),
        }
    }
}

/// Whether a kind is one that signs may name without a place.
pub(in crate::engine) fn is_built_in(kind: &str) -> bool {
    [FILE, super::SOURCE].contains(&kind)
}
