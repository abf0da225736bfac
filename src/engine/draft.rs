//! Answers in the making: read from several sources, checked as far as they go, completed by defaults or by questions.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answers::{Answers, Owner, Supply};
use super::catalog::{Catalog, OptionKind, OptionSpec};
use super::environments::Environment;
use super::error::{Problem, nearest};
use super::names::Names;

mod check;

/// Answers from one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// How messages name the place: `--language`, `answers.json`, `BOATYARD_LANGUAGE`.
    pub origin: String,
    /// The answers it gives, nested as in `boatyard.json`.
    pub values: Map<String, Value>,
}

impl Source {
    /// A source of one value at a dotted key: `owner.team` gives `{"owner": {"team": …}}`.
    pub fn single(origin: impl Into<String>, key: &str, value: Value) -> Self {
        let mut parts: Vec<&str> = key.split('.').collect();
        let mut value = value;
        while parts.len() > 1 {
            let mut map = Map::new();
            map.insert(parts.pop().unwrap_or_default().into(), value);
            value = Value::Object(map);
        }
        let mut values = Map::new();
        values.insert(parts.pop().unwrap_or_default().into(), value);
        Self {
            origin: origin.into(),
            values,
        }
    }
}

/// What has been answered so far; each part is valid by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The project's name.
    pub name: Option<String>,
    /// Component by axis.
    pub choices: BTreeMap<String, String>,
    /// Options by id.
    pub options: BTreeMap<String, String>,
    /// Who owns the service.
    pub owner: Owner,
    /// Where it runs.
    pub environments: Vec<Environment>,
    /// Where what it is built from comes from.
    pub supply: Supply,
    /// A range of Boatyard versions.
    pub requires: Option<String>,
    /// Keys that were answered wrongly, so that nobody calls them missing as well.
    refused: BTreeSet<String>,
}

impl Draft {
    /// Reads answers; of two sources that answer the same, the later wins.
    ///
    /// Gives what could be read, and every problem: unknown keys with the nearest known one, wrong values with the
    /// nearest valid one.
    pub fn read(sources: &[Source], catalog: &Catalog, boatyard: &str) -> (Self, Vec<Problem>) {
        let mut merged = Map::new();
        let mut origins = BTreeMap::new();
        for source in sources {
            for (key, value) in &source.values {
                merge(&mut merged, key, value);
                origins.insert(key.clone(), source.origin.clone());
            }
        }
        let mut draft = Self::default();
        let mut problems = Vec::new();
        for (key, value) in &merged {
            if let Err(found) = draft.take(key, value, catalog) {
                draft.refused.insert(key.clone());
                let origin = &origins[key];
                problems.extend(found.into_iter().map(|problem| Problem {
                    message: format!("{origin}: {}", problem.message),
                    ..problem
                }));
            }
        }
        problems.extend(check::version(draft.requires.as_deref(), boatyard));
        (draft, problems)
    }

    fn take(&mut self, key: &str, value: &Value, catalog: &Catalog) -> Result<(), Vec<Problem>> {
        let one = |problem| vec![problem];
        match key {
            "$schema" => {}
            "name" => {
                let name = text(key, value).map_err(one)?;
                Names::parse(&name).map_err(one)?;
                self.name = Some(name.trim().to_owned());
            }
            "owner" => {
                self.owner = typed(key, value)?;
                check::owner(&self.owner)?;
            }
            "environments" => {
                self.environments = typed(key, value)?;
                check::environments(&self.environments)?;
            }
            "supply" => {
                self.supply = typed(key, value)?;
                check::supply(&self.supply)?;
            }
            "requires" => self.requires = Some(text(key, value).map_err(one)?),
            _ => {
                if let Some(axis) = catalog.axis(key) {
                    let id = text(key, value).map_err(one)?;
                    let offered = axis.components.iter().map(String::as_str);
                    self.choices.insert(key.into(), one_of(key, &id, offered).map_err(one)?);
                } else if let Some((_, option)) = catalog.options().find(|(_, option)| option.id == key) {
                    let value = text(key, value).map_err(one)?;
                    self.options
                        .insert(key.into(), option_value(option, &value).map_err(one)?);
                } else {
                    return Err(vec![unknown_key(key, catalog)]);
                }
            }
        }
        Ok(())
    }

    /// Takes one answer from a question.
    ///
    /// # Errors
    /// The answer is no valid one.
    pub fn answer(&mut self, key: &str, value: &str, catalog: &Catalog) -> Result<(), Problem> {
        self.take(key, &value.into(), catalog)
            .map_err(|mut problems| problems.swap_remove(0))
    }

    /// Drops answers that the others leave without a meaning: axes that do not apply, options of components not chosen.
    #[must_use]
    pub fn without_strays(mut self, catalog: &Catalog) -> Self {
        for axis in &catalog.axes {
            if !axis.applies(&self.choices) {
                self.choices.remove(&axis.id);
            }
        }
        let Self { choices, options, .. } = &mut self;
        options.retain(|id, _| catalog.stray_option(id, choices).is_none());
        self
    }

    /// Fills every open axis with its default, and the name with `name` where it is open.
    #[must_use]
    pub fn with_defaults(mut self, catalog: &Catalog, name: Option<String>) -> Self {
        self.name = self.name.or(name);
        for axis in &catalog.axes {
            if axis.applies(&self.choices) && !self.choices.contains_key(&axis.id) {
                self.choices.insert(axis.id.clone(), axis.default.clone());
            }
        }
        self
    }

    /// The finished answers.
    ///
    /// # Errors
    /// What is still open, with the flags that answer it; choices that cannot stand beside each other; options of components that were not chosen.
    pub fn complete(self, catalog: &Catalog) -> Result<Answers, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut flags = Vec::new();
        let mut open = Vec::new();
        if self.name.is_none() && !self.refused.contains("name") {
            open.push("`name`".to_owned());
            flags.push("--name NAME".to_owned());
        }
        for axis in &catalog.axes {
            if axis.applies(&self.choices) {
                if !self.choices.contains_key(&axis.id) && !self.refused.contains(&axis.id) {
                    open.push(format!("`{}`", axis.id));
                    flags.push(format!("--{} {}", axis.id, axis.components.join("|")));
                }
            } else if self.choices.contains_key(&axis.id) {
                problems.push(
                    Problem::new(format!("`{}` has no meaning beside the other choices", axis.id)).hint("leave it out"),
                );
            }
        }
        if !open.is_empty() {
            // The name has a default only where a directory gives it one.
            let or = if open == ["`name`"] {
                ""
            } else {
                ", or `--yes` for the defaults"
            };
            problems.push(
                Problem::new(format!("no answer for {}", open.join(", ")))
                    .hint(format!("add `{}`{or}", flags.join(" "))),
            );
        }
        problems.extend(catalog.selection_problems(&self.choices));
        let strays = self.options.keys();
        problems.extend(strays.filter_map(|id| catalog.stray_option(id, &self.choices)));
        match self.name {
            Some(name) if problems.is_empty() => Ok(Answers {
                name,
                choices: self.choices,
                options: self.options,
                owner: self.owner,
                environments: self.environments,
                supply: self.supply,
                requires: self.requires,
            }),
            _ => Err(problems),
        }
    }
}

fn merge(into: &mut Map<String, Value>, key: &str, value: &Value) {
    match (into.get_mut(key), value) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            for (key, value) in new {
                merge(old, key, value);
            }
        }
        _ => {
            into.insert(key.to_owned(), value.clone());
        }
    }
}

fn text(key: &str, value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(Problem::new(format!("`{key}` is `{other}` where a text is wanted"))
            .hint(format!("write `\"{key}\": \"…\"`"))),
    }
}

fn typed<T: DeserializeOwned>(key: &str, value: &Value) -> Result<T, Vec<Problem>> {
    // `--set environments=[…]` arrives as text.
    let parsed = match value {
        Value::String(text) => serde_json::from_str(text),
        other => serde_json::from_value(other.clone()),
    };
    parsed.map_err(|error| {
        vec![
            Problem::new(format!("`{key}`: {error}"))
                .hint(format!("`boatyard schema answers` shows what `{key}` may hold")),
        ]
    })
}

fn one_of<'a>(key: &str, value: &str, offered: impl Iterator<Item = &'a str> + Clone) -> Result<String, Problem> {
    if offered.clone().any(|candidate| candidate == value) {
        return Ok(value.to_owned());
    }
    let all = offered.clone().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ");
    let hint = match nearest(value, offered) {
        Some(near) => format!("did you mean `{near}`? `{key}` is one of {all}"),
        None => format!("`{key}` is one of {all}"),
    };
    Err(Problem::new(format!("`{value}` is no `{key}`")).hint(hint))
}

fn option_value(option: &OptionSpec, value: &str) -> Result<String, Problem> {
    match option.kind {
        OptionKind::Choice => one_of(&option.id, value, option.values.iter().map(String::as_str)),
        OptionKind::Domain => check::domain(&option.id, value).map(|()| value.to_owned()),
        OptionKind::Text => check::line(&option.id, value).map(|()| value.trim().to_owned()),
    }
}

fn unknown_key(key: &str, catalog: &Catalog) -> Problem {
    let mut known = vec!["name", "owner", "environments", "supply", "requires"];
    known.extend(catalog.axes.iter().map(|axis| axis.id.as_str()));
    known.extend(catalog.options().map(|(_, option)| option.id.as_str()));
    known.sort_unstable();
    let problem = Problem::new(format!("there is no answer `{key}`"));
    match nearest(key, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!(
            "known are {}",
            known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
        )),
    }
}
