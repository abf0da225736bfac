//! Every component that can be chosen, read from `stacks/` and `templates/` as data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::detect::{Feature, Known, Places, Sign};
use super::environments::Environment;
use super::error::{Error, Problem};
use super::facts::Facts;

mod validate;

/// `stacks/axes.json`: the choices in the order in which they are asked and layered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxesFile {
    /// For editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The axes, in order.
    pub axes: Vec<Axis>,
}

/// A choice between components.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// `language`: its key in answers, its flag, its folder in `stacks/`.
    pub id: String,
    /// What the wizard asks.
    pub question: String,
    /// What it decides, for help texts.
    pub about: String,
    /// The component taken when nobody chooses.
    pub default: String,
    /// The order in which components are offered.
    pub components: Vec<String>,
    /// The component of a repository that shows no sign of any other; none: then somebody has to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// What repositories have in place of a component, and Boatyard has not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Known>,
    /// When it is a question at all: every axis named here has one of the components listed.
    #[serde(default)]
    pub when: BTreeMap<String, Vec<String>>,
}

/// `stacks/<axis>/<id>.json`, and `stacks/base.json` for what every repository has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// For editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name, as people write it: `PostgreSQL`.
    pub title: String,
    /// One line that helps to choose it.
    pub about: String,
    /// Capabilities that others may require or build on: `sql`.
    #[serde(default)]
    pub provides: Vec<String>,
    /// Capabilities that some other selected component must provide.
    #[serde(default)]
    pub requires: Vec<String>,
    /// `axis.id` of components that it cannot stand beside.
    #[serde(default)]
    pub conflicts: Vec<String>,
    /// Values that it lets the user set.
    #[serde(default)]
    pub options: Vec<OptionSpec>,
    /// Where the service runs when nobody says so, in the order of promotion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Environment>,
    /// What speaks for it in a repository that nobody generated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<Sign>,
    /// What else is worth telling of such a repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    /// Patterns of outputs that make up the service itself: a repository that has a service of its own needs none of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<String>,
    /// Patterns of files that do what an output does, under another name; where one is there, the output is not added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stand_ins: BTreeMap<String, Vec<String>>,
    /// What it contributes whenever it is selected.
    #[serde(default)]
    pub facts: Facts,
    /// What it contributes only beside another selection: `axis.id`, `provides.capability` or `option.value`.
    #[serde(default)]
    pub with: BTreeMap<String, Facts>,
}

/// A typed value that a component lets the user set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionSpec {
    /// Its key in answers, in `snake_case`.
    pub id: String,
    /// What it is, one sentence without a period.
    pub about: String,
    /// What it may be.
    pub kind: OptionKind,
    /// The capability that some chosen component must provide; none: the declaring component is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// For `choice`: the values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The value when nobody sets it; may hold `{{{ project.slug }}}`.
    pub default: String,
    /// What speaks for each of the values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signs: BTreeMap<String, Vec<Sign>>,
    /// What repositories have in place of them, and Boatyard has not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Known>,
}

/// The type of an option's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OptionKind {
    /// One of `values`.
    Choice,
    /// A DNS name: `orders.example.com`.
    Domain,
    /// One line of text.
    Text,
}

/// Axes, components and templates, checked against each other.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The axes, in order.
    pub axes: Vec<Axis>,
    /// What every repository has.
    pub base: Component,
    /// Components by `axis/id`.
    pub components: BTreeMap<String, Component>,
    /// Where repositories write down what they are made of.
    pub places: Places,
    /// Template texts by path below `templates/`.
    pub templates: BTreeMap<String, String>,
}

impl Catalog {
    /// Reads a catalog from the texts of `stacks/` and `templates/`, each by its path below that folder.
    ///
    /// # Errors
    /// [`Error::Bug`] with every problem: a file that does not parse, an id that points nowhere, a version without a source.
    pub fn load<'a>(
        stacks: impl IntoIterator<Item = (&'a str, &'a str)>,
        templates: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut axes = None;
        let mut base = None;
        let mut places = None;
        let mut components = BTreeMap::new();
        for (path, text) in stacks {
            let Some(stem) = path.strip_suffix(".json") else {
                problems.push(Problem::new(format!("`stacks/{path}` is no `.json` file")));
                continue;
            };
            match stem {
                "axes" => axes = parse::<AxesFile>(path, text, &mut problems),
                "base" => base = parse::<Component>(path, text, &mut problems),
                "places" => places = parse::<Places>(path, text, &mut problems),
                _ if stem.starts_with("schema/") => {}
                _ => {
                    if let Some(component) = parse::<Component>(path, text, &mut problems) {
                        components.insert(stem.to_owned(), component);
                    }
                }
            }
        }
        let (Some(axes), Some(base), true) = (axes, base, problems.is_empty()) else {
            if problems.is_empty() {
                problems.push(Problem::new("`stacks/axes.json` or `stacks/base.json` is missing"));
            }
            return Err(Error::Bug(problems));
        };
        let catalog = Self {
            axes: axes.axes,
            base,
            components,
            places: places.unwrap_or_default(),
            templates: templates
                .into_iter()
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
                .collect(),
        };
        match validate::problems(&catalog) {
            problems if problems.is_empty() => Ok(catalog),
            problems => Err(Error::Bug(problems)),
        }
    }

    /// The axis of this id.
    pub fn axis(&self, id: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.id == id)
    }

    /// The component `id` on `axis`.
    pub fn component(&self, axis: &str, id: &str) -> Option<&Component> {
        self.components.get(&format!("{axis}/{id}"))
    }

    /// Every option that some component declares, with that component's key (`base` or `axis/id`).
    pub fn options(&self) -> impl Iterator<Item = (&str, &OptionSpec)> {
        let all = self.components.iter().map(|(key, c)| (key.as_str(), c));
        std::iter::once(("base", &self.base))
            .chain(all)
            .flat_map(|(key, c)| c.options.iter().map(move |option| (key, option)))
    }

    /// Why this option has no meaning beside these choices; none as long as an open choice may still give it one.
    pub fn stray_option(&self, id: &str, choices: &BTreeMap<String, String>) -> Option<Problem> {
        let (key, option) = self.options().find(|(_, option)| option.id == id)?;
        if let Some((axis, component)) = key.split_once('/') {
            let chosen = choices.get(axis);
            let open = chosen.is_none() && self.axis(axis).is_some_and(|axis| axis.may_apply(choices));
            if !open && chosen.is_none_or(|chosen| chosen != component) {
                return Some(
                    Problem::new(format!(
                        "`{id}` is an option of `{axis}.{component}`, which is not chosen"
                    ))
                    .hint(format!("leave it out, or choose `--{axis} {component}`")),
                );
            }
        }
        let capability = option.beside.as_ref()?;
        let providers = self.providers(capability);
        let may = providers.iter().any(|key| {
            let (axis, component) = key.split_once('.').unwrap_or_default();
            choices.get(axis).is_none_or(|chosen| chosen == component)
        });
        if may {
            return None;
        }
        let ways: Vec<String> = providers
            .iter()
            .map(|key| format!("`--{}`", key.replacen('.', " ", 1)))
            .collect();
        Some(
            Problem::new(format!(
                "`{id}` needs `{capability}`, which no chosen component provides"
            ))
            .hint(format!("leave it out, or choose one of {}", ways.join(", "))),
        )
    }

    /// The components that provide a capability, as `axis.id`.
    fn providers(&self, capability: &str) -> Vec<String> {
        self.components
            .iter()
            .filter(|(_, c)| c.provides.iter().any(|provided| provided == capability))
            .map(|(key, _)| key.replace('/', "."))
            .collect()
    }

    /// Every valid set of choices, one component for each axis, in catalog order.
    pub fn combinations(&self) -> Vec<BTreeMap<String, String>> {
        let mut all = vec![BTreeMap::new()];
        for axis in &self.axes {
            all = all
                .into_iter()
                .flat_map(|chosen: BTreeMap<String, String>| {
                    let offered: Vec<Option<&String>> = if axis.applies(&chosen) {
                        axis.components.iter().map(Some).collect()
                    } else {
                        vec![None]
                    };
                    offered.into_iter().map(move |component| {
                        let mut next = chosen.clone();
                        next.extend(component.map(|id| (axis.id.clone(), id.clone())));
                        next
                    })
                })
                .collect();
        }
        all.retain(|chosen| self.selection_problems(chosen).is_empty());
        all
    }

    /// Why these components cannot stand beside each other; empty when they can.
    pub fn selection_problems(&self, chosen: &BTreeMap<String, String>) -> Vec<Problem> {
        let selected: Vec<(String, &Component)> = chosen
            .iter()
            .filter_map(|(axis, id)| Some((format!("{axis}.{id}"), self.component(axis, id)?)))
            .collect();
        let mut problems = Vec::new();
        for (key, component) in &selected {
            for other in &component.conflicts {
                if selected.iter().any(|(key, _)| key == other) {
                    problems.push(
                        Problem::new(format!("`{key}` and `{other}` exclude each other"))
                            .hint("choose another value for one of them"),
                    );
                }
            }
            for capability in &component.requires {
                if !selected.iter().any(|(_, c)| c.provides.contains(capability)) {
                    let providers: Vec<String> = self
                        .providers(capability)
                        .iter()
                        .map(|key| format!("`{key}`"))
                        .collect();
                    problems.push(
                        Problem::new(format!(
                            "`{key}` needs `{capability}`, which no chosen component provides"
                        ))
                        .hint(format!("choose one of {}", providers.join(", "))),
                    );
                }
            }
        }
        problems
    }
}

impl Axis {
    /// Whether the axis is a question at all, given the choices before it.
    pub fn applies(&self, chosen: &BTreeMap<String, String>) -> bool {
        self.when
            .iter()
            .all(|(axis, ids)| chosen.get(axis).is_some_and(|id| ids.contains(id)))
    }

    /// Whether it is a question, or may still become one by choices that are open.
    fn may_apply(&self, chosen: &BTreeMap<String, String>) -> bool {
        self.when
            .iter()
            .all(|(axis, ids)| chosen.get(axis).is_none_or(|id| ids.contains(id)))
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &str, text: &str, problems: &mut Vec<Problem>) -> Option<T> {
    serde_json::from_str(text)
        .map_err(|error| problems.push(Problem::new(format!("`stacks/{path}`: {error}"))))
        .ok()
}
