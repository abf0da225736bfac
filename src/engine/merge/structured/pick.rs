//! Which part comes from which side.

use super::super::version::{self, Ahead};
use super::node::{Kind, Node, Part};

/// The parts of a merged value.
#[derive(Debug)]
pub(super) struct Level<'a> {
    /// What both sides came from.
    pub base: Option<&'a Node>,
    /// The parts, in the user's order with new ones behind those that they follow in the new output.
    pub named: Vec<Named<'a>>,
    ordered: bool,
}

/// A part of a merged value.
#[derive(Debug)]
pub(super) struct Named<'a> {
    /// Its name.
    pub name: &'a str,
    /// The part as the user has it.
    pub ours: Option<&'a Part>,
    /// The part as the new output has it.
    pub theirs: Option<&'a Part>,
    /// Where it comes from.
    pub choice: Choice<'a>,
}

/// Where a part comes from.
#[derive(Debug)]
pub(super) enum Choice<'a> {
    /// The user's.
    Ours,
    /// The new output's.
    Theirs,
    /// From both sides, part by part.
    Inner(Level<'a>),
    /// Both sides changed it, or one of them took it away.
    Clash,
}

/// Merges three values that consist of parts; none when their order cannot be told.
pub(super) fn merge<'a>(base: &'a Node, ours: &'a Node, theirs: &'a Node) -> Option<Level<'a>> {
    level(Some(base), ours, theirs)
}

fn level<'a>(base: Option<&'a Node>, ours: &'a Node, theirs: &'a Node) -> Option<Level<'a>> {
    let (mine, new) = (ours.parts()?, theirs.parts()?);
    let ordered = ordered(ours)?;
    if ordered != self::ordered(theirs)? || ordered && !same_order(mine, new) {
        return None;
    }
    let old = |name: &str| base.and_then(|base| base.part(name));
    let mut named: Vec<Named<'a>> = mine
        .iter()
        .filter_map(|part| choose(old(&part.name), Some(part), theirs.part(&part.name)))
        .collect();
    for (index, part) in new
        .iter()
        .enumerate()
        .filter(|(_, part)| ours.part(&part.name).is_none())
    {
        let Some(chosen) = choose(old(&part.name), None, Some(part)) else {
            continue;
        };
        let before = |earlier: &Part| named.iter().position(|named| named.name == earlier.name);
        let place = new[..index].iter().rev().find_map(before);
        named.insert(place.map_or(0, |place| place + 1), chosen);
    }
    Some(Level { base, named, ordered })
}

fn ordered(node: &Node) -> Option<bool> {
    match node.kind {
        Kind::Parts { ordered, .. } => Some(ordered),
        Kind::Leaf(_) => None,
    }
}

/// Whether parts that both have stand in the same order.
fn same_order(ours: &[Part], theirs: &[Part]) -> bool {
    let common = |parts: &[Part], others: &[Part]| -> Vec<String> {
        let known = |part: &&Part| others.iter().any(|other| other.name == part.name);
        parts.iter().filter(known).map(|part| part.name.clone()).collect()
    };
    common(ours, theirs) == common(theirs, ours)
}

/// Chooses one part; none when it is gone.
fn choose<'a>(base: Option<&'a Part>, ours: Option<&'a Part>, theirs: Option<&'a Part>) -> Option<Named<'a>> {
    let name = ours.or(theirs)?.name.as_str();
    let choice = match (base, ours, theirs) {
        (_, Some(ours), Some(theirs)) => both(base, ours, theirs),
        (None, Some(_), None) => Choice::Ours,
        (None, None, _) => Choice::Theirs,
        // What the user wrote about a part does not go with it unseen.
        (Some(base), Some(part), None) if part.annotated(base) => Choice::Clash,
        (Some(base), Some(part), None) | (Some(base), None, Some(part)) if moved(base, part) => {
            return None;
        }
        (Some(_), _, _) => Choice::Clash,
    };
    Some(Named {
        name,
        ours,
        theirs,
        choice,
    })
}

/// Whether parts differ in nothing, or in versions that were moved: no edit that keeps a part alive, or kills it. A digest
/// is told by the version in the comment behind it.
fn moved(base: &Part, now: &Part) -> bool {
    match (&base.value.kind, &now.value.kind) {
        (Kind::Leaf(one), Kind::Leaf(other)) => {
            let line = |text: &str, part: &Part| format!("{text} {}", part.remark);
            one == other || version::only_versions(&line(one, base), &line(other, now))
        }
        (
            Kind::Parts { parts, ordered, .. },
            Kind::Parts {
                parts: others,
                ordered: other,
                ..
            },
        ) => {
            let alike = |part: &Part| now.value.part(&part.name).is_some_and(|other| moved(part, other));
            ordered == other
                && parts.len() == others.len()
                && parts.iter().all(alike)
                && (!ordered || same_order(parts, others))
        }
        _ => false,
    }
}

fn both<'a>(base: Option<&'a Part>, ours: &'a Part, theirs: &'a Part) -> Choice<'a> {
    let was = |part: &Part| base.is_some_and(|base| base.value.same(&part.value));
    if ours.value.same(&theirs.value) || was(theirs) {
        return Choice::Ours;
    }
    // Part by part even where the user's value is as it was: comments and formatting may not be.
    if let Some(level) = level(base.map(|base| &base.value), &ours.value, &theirs.value) {
        return Choice::Inner(level);
    }
    if was(ours) {
        return Choice::Theirs;
    }
    // A digest is told by the version in the comment behind it.
    let line = |part: &Part| match &part.value.kind {
        Kind::Leaf(text) => Some(format!("{text} {}", part.remark)),
        Kind::Parts { .. } => None,
    };
    let (Some(old), Some(mine), Some(new)) = (base.and_then(line), line(ours), line(theirs)) else {
        return Choice::Clash;
    };
    match version::ahead(&old, &mine, &new) {
        Some(Ahead::Ours) => Choice::Ours,
        Some(Ahead::Theirs) => Choice::Theirs,
        None => Choice::Clash,
    }
}

impl Level<'_> {
    /// How many parts both sides claim.
    pub fn conflicts(&self) -> usize {
        let of = |named: &Named<'_>| match &named.choice {
            Choice::Clash => 1,
            Choice::Inner(level) => level.conflicts(),
            Choice::Ours | Choice::Theirs => 0,
        };
        self.named.iter().map(of).sum()
    }

    /// Whether a value holds what it should, the user's where both sides claim a part.
    pub fn fits(&self, node: &Node) -> bool {
        let Some(parts) = node.parts() else {
            return false;
        };
        let wanted: Vec<&Named<'_>> = self
            .named
            .iter()
            .filter(|named| !matches!(named.choice, Choice::Clash) || named.ours.is_some())
            .collect();
        let fits = |named: &Named<'_>, part: &Part| match &named.choice {
            Choice::Ours | Choice::Clash => named.ours.is_some_and(|ours| ours.value.same(&part.value)),
            Choice::Theirs => named.theirs.is_some_and(|theirs| theirs.value.same(&part.value)),
            Choice::Inner(level) => level.fits(&part.value),
        };
        wanted.len() == parts.len()
            && match self.ordered {
                // New items of the two sides may stand in either order; those of one side keep theirs.
                true => {
                    wanted
                        .iter()
                        .all(|named| node.part(named.name).is_some_and(|part| fits(named, part)))
                        && {
                            let order = |side: fn(&Named<'_>) -> bool| {
                                let mut places = wanted
                                    .iter()
                                    .filter(|named| side(named))
                                    .filter_map(|named| parts.iter().position(|part| part.name == named.name))
                                    .collect::<Vec<_>>();
                                let found = places.clone();
                                places.sort_unstable();
                                places == found
                            };
                            order(|named| named.ours.is_some()) && order(|named| named.theirs.is_some())
                        }
                }
                false => wanted
                    .iter()
                    .all(|named| node.part(named.name).is_some_and(|part| fits(named, part))),
            }
    }
}
