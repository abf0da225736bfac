//! Rules for values that end up in files of many syntaxes: each is strict enough to need no quoting beyond that file's own.

use super::{Environment, Owner, Supply};
use crate::engine::error::Problem;

/// One line of text, 200 characters at most.
pub(super) fn line(key: &str, value: &str) -> Result<(), Problem> {
    if value.trim().is_empty() {
        return Err(Problem::new(format!("`{key}` is empty")).hint("leave it out to take the default"));
    }
    if value.chars().any(char::is_control) {
        return Err(
            Problem::new(format!("`{key}` holds a control character or more than one line")).hint("write one line"),
        );
    }
    if value.chars().count() > 200 {
        return Err(Problem::new(format!("`{key}` is longer than 200 characters")).hint("shorten it"));
    }
    Ok(())
}

/// A DNS name of two labels or more.
pub(super) fn domain(key: &str, value: &str) -> Result<(), Problem> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if value.len() <= 253 && value.contains('.') && value.split('.').all(label) {
        return Ok(());
    }
    Err(Problem::new(format!("`{value}` is no `{key}`"))
        .hint("write a host name in lower case, such as `orders.example.com`, without scheme or path"))
}

fn token(key: &str, value: Option<&String>, extra: &str, found: &mut Vec<Problem>) {
    let Some(value) = value else { return };
    let fits = (1..=100).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || extra.as_bytes().contains(&b));
    if !fits {
        found.push(
            Problem::new(format!("`{value}` is no `{key}`"))
                .hint(format!("use letters, digits and `{extra}`, 100 at most")),
        );
    }
}

fn settle(found: Vec<Problem>) -> Result<(), Vec<Problem>> {
    if found.is_empty() { Ok(()) } else { Err(found) }
}

pub(super) fn owner(owner: &Owner) -> Result<(), Vec<Problem>> {
    let mut found = Vec::new();
    token("owner.team", owner.team.as_ref(), "@/._-", &mut found);
    token("owner.tier", owner.tier.as_ref(), "._-", &mut found);
    token("owner.on_call", owner.on_call.as_ref(), "@/._+-", &mut found);
    token("owner.cost_center", owner.cost_center.as_ref(), "._-", &mut found);
    token("owner.data_class", owner.data_class.as_ref(), "._-", &mut found);
    if owner.team.as_ref().is_some_and(|team| !team.contains('@')) {
        found.push(
            Problem::new("`owner.team` names nobody that CODEOWNERS knows")
                .hint("write `@organisation/team`, `@user` or an e-mail address"),
        );
    }
    settle(found)
}

pub(super) fn environments(list: &[Environment]) -> Result<(), Vec<Problem>> {
    let mut found = Vec::new();
    for (index, environment) in list.iter().enumerate() {
        let id = &environment.id;
        let fits = (1..=30).contains(&id.len())
            && id.starts_with(|c: char| c.is_ascii_lowercase())
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits {
            found.push(
                Problem::new(format!("`{id}` is no environment id"))
                    .hint("use `[a-z][a-z0-9-]*`, 30 characters at most, such as `production`"),
            );
        }
        if list[..index].iter().any(|other| other.id == *id) {
            found.push(Problem::new(format!("the environment `{id}` is listed twice")).hint("give each its own id"));
        }
        if let Some(name) = &environment.domain {
            found.extend(domain(&format!("environments.{id}.domain"), name).err());
        }
        for (field, value) in [
            ("account", &environment.account),
            ("region", &environment.region),
            ("cluster", &environment.cluster),
            ("namespace", &environment.namespace),
        ] {
            token(&format!("environments.{id}.{field}"), value.as_ref(), "._-", &mut found);
        }
        for approver in &environment.approvers {
            token(
                &format!("environments.{id}.approvers"),
                Some(approver),
                "@/._-",
                &mut found,
            );
        }
    }
    settle(found)
}

pub(super) fn supply(supply: &Supply) -> Result<(), Vec<Problem>> {
    let mut found = Vec::new();
    token("supply.image_prefix", supply.image_prefix.as_ref(), "/:._-", &mut found);
    token("supply.registry", supply.registry.as_ref(), "/:._-", &mut found);
    token("supply.runner", supply.runner.as_ref(), "._-", &mut found);
    settle(found)
}

/// Whether this Boatyard is one that the repository allows.
pub(super) fn version(requires: Option<&str>, boatyard: &str) -> Vec<Problem> {
    let Some(range) = requires else { return Vec::new() };
    match (semver::VersionReq::parse(range), semver::Version::parse(boatyard)) {
        (Err(error), _) => vec![
            Problem::new(format!("`requires` is `{range}`: {error}"))
                .hint("write a range of versions, such as `>=0.1, <0.3`"),
        ],
        (Ok(range), Ok(version)) if !range.matches(&version) => {
            vec![
                Problem::new(format!("this is boatyard {version}, and `requires` allows {range}"))
                    .hint("install a version in that range, or change `requires`"),
            ]
        }
        _ => Vec::new(),
    }
}
