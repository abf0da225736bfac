//! From answers to a plan: names, selected layers, merged facts, derived views.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answers::Answers;
use super::catalog::{Catalog, Component, OptionSpec};
use super::environments::{Environment, EnvironmentClass};
use super::error::{Error, Problem};
use super::facts::{Facts, Scope, Service, VersionKind};
use super::names::Names;
use super::plan::{EnvGroup, Packages, PinnedVersion, Plan, ResolvedEnvVar, ResolvedService, Selected, Timeouts};
use super::render::environment;

mod layers;
mod merge;

/// The Boatyard that this is.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Resolves answers against the catalog.
///
/// # Errors
/// [`Error::Input`] for answers that the catalog refuses, [`Error::Bug`] for a catalog whose facts contradict each other.
pub fn resolve(answers: &Answers, catalog: &Catalog) -> Result<Plan, Error> {
    let project = Names::parse(&answers.name).map_err(|problem| Error::Input(vec![problem]))?;
    let selected = selected(answers, catalog)?;
    let options = options(answers, &selected, &project)?;
    let selectors = layers::selectors(&answers.choices, &selected, &options);
    let (mut facts, provenance) = merge::facts(&selected, &selectors).map_err(Error::Bug)?;
    facts
        .tasks
        .retain(|task| !task.steps.is_empty() || !task.needs.is_empty());

    let pinned = |version: &super::facts::Version| {
        let mut version = version.clone();
        if let (VersionKind::Image, Some(prefix)) = (version.kind, &answers.supply.image_prefix) {
            version.name = format!("{}/{}", prefix.trim_end_matches('/'), version.name);
        }
        PinnedVersion {
            reference: version.reference(),
            version,
        }
    };
    let versions: BTreeMap<String, PinnedVersion> = facts
        .versions
        .iter()
        .map(|version| (version.id.clone(), pinned(version)))
        .collect();

    let texts = Texts::new(&project, &options, &facts);
    let local = texts.fill(&facts, |_| "localhost".to_owned(), str::to_owned)?;
    let compose = texts.fill(&facts, str::to_owned, |id| {
        format!("${{{}_PASSWORD:-{id}}}", id.to_uppercase())
    })?;
    let env_all = env(&facts, local, &compose);
    let services = compose
        .services
        .into_iter()
        .map(|service| match versions.get(&service.version) {
            Some(version) => Ok(ResolvedService {
                image: version.reference.clone(),
                mounted: mounted(&service),
                service,
            }),
            None => Err(bug(format!(
                "the service `{}` names the version `{}`, which nothing declares",
                service.id, service.version
            ))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let environments = environments(answers, &project, &selected, &options);
    let (outputs, slots, layers) =
        layers::outputs(catalog, &selected, &selectors, &project, &environments).map_err(Error::Bug)?;

    let mut supply = answers.supply.clone();
    supply.registry.get_or_insert_with(|| "ghcr.io".to_owned());
    Ok(Plan {
        schema: "boatyard.plan/1",
        boatyard: VERSION,
        own: vec!["boatyard.json", ".boatyard/"],
        description: options.get("description").cloned().unwrap_or_default(),
        stack: selected
            .iter()
            .filter_map(|(key, component)| {
                let (axis, id) = key.split_once('/')?;
                let (id, title, about) = (id.to_owned(), component.title.clone(), component.about.clone());
                Some((axis.to_owned(), Selected { id, title, about }))
            })
            .collect(),
        owner: answers.owner.clone(),
        environments,
        supply,
        packages: packages(&facts),
        versions,
        env: groups(&env_all),
        secrets: env_all
            .iter()
            .filter(|e| e.variable.secret && e.variable.required)
            .cloned()
            .collect(),
        timeouts: timeouts(&env_all)?,
        env_all,
        volumes: services.iter().filter_map(|s| volume(&s.service)).collect(),
        services,
        ports: facts.ports.iter().map(|port| (port.id.clone(), port.clone())).collect(),
        jobs: compose.jobs,
        commands: compose.commands,
        tasks: compose.tasks,
        ignore: facts.ignore,
        context: facts.context,
        lock: compose.lock,
        project,
        options,
        layers,
        outputs,
        slots,
        provenance,
    })
}

fn bug(message: String) -> Error {
    Error::Bug(vec![Problem::new(message)])
}

/// `base` and the chosen component of each axis, in axis order, by `axis/id`.
fn selected<'a>(answers: &Answers, catalog: &'a Catalog) -> Result<Vec<(String, &'a Component)>, Error> {
    let mut all = vec![("base".to_owned(), &catalog.base)];
    for axis in &catalog.axes {
        let Some(id) = answers.choices.get(&axis.id) else {
            continue;
        };
        let component = catalog
            .component(&axis.id, id)
            .ok_or_else(|| Error::Input(vec![Problem::new(format!("`{id}` is no `{}`", axis.id))]))?;
        all.push((format!("{}/{id}", axis.id), component));
    }
    Ok(all)
}

/// Every option of the selected components: the user's value, else the default with names filled in.
fn options(
    answers: &Answers,
    selected: &[(String, &Component)],
    project: &Names,
) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    let provided = |capability: &String| {
        selected
            .iter()
            .any(|(_, component)| component.provides.contains(capability))
    };
    let applies = |option: &&OptionSpec| option.beside.as_ref().is_none_or(provided);
    for option in selected
        .iter()
        .flat_map(|(_, component)| &component.options)
        .filter(applies)
    {
        let value = match answers.options.get(&option.id) {
            Some(value) => value.clone(),
            None => environment::text(&option.default, &json!({ "project": project }))
                .map_err(|error| bug(format!("the default of `{}`: {error}", option.id)))?,
        };
        values.insert(option.id.clone(), value);
    }
    Ok(values)
}

/// The volume that keeps a service's data.
fn volume(service: &Service) -> Option<String> {
    service.volume.as_ref().map(|_| format!("{}-data", service.id))
}

fn mounted(service: &Service) -> Vec<String> {
    let own = volume(service).zip(service.volume.as_ref());
    own.map(|(name, path)| format!("{name}:{path}"))
        .into_iter()
        .chain(service.mounts.iter().map(|(to, from)| format!("./{from}:{to}:ro")))
        .collect()
}

fn environments(
    answers: &Answers,
    project: &Names,
    selected: &[(String, &Component)],
    options: &BTreeMap<String, String>,
) -> Vec<Environment> {
    let deploys = selected
        .iter()
        .any(|(_, component)| component.provides.iter().any(|c| c == "deployment"));
    if !deploys {
        return Vec::new();
    }
    let domain = options.get("domain").cloned();
    let mut list = answers.environments.clone();
    if list.is_empty() {
        list.extend(
            selected
                .iter()
                .flat_map(|(_, component)| component.environments.clone()),
        );
    }
    for environment in &mut list {
        // Only production has the plain name; the others stand below it.
        environment.domain = environment.domain.take().or_else(|| match environment.class {
            EnvironmentClass::Production => domain.clone(),
            _ => domain.as_ref().map(|domain| format!("{}.{domain}", environment.id)),
        });
        let namespace = || format!("{}-{}", project.slug, environment.id);
        environment.namespace.get_or_insert_with(namespace);
    }
    list
}

/// Fills the placeholders of facts.
struct Texts {
    context: Value,
}

impl Texts {
    fn new(project: &Names, options: &BTreeMap<String, String>, facts: &Facts) -> Self {
        let port: BTreeMap<&str, u16> = facts.ports.iter().map(|port| (port.id.as_str(), port.number)).collect();
        let version: BTreeMap<&str, &str> = facts
            .versions
            .iter()
            .map(|v| (v.id.as_str(), v.version.as_str()))
            .collect();
        Self {
            context: json!({ "project": project, "options": options, "port": port, "version": version }),
        }
    }

    /// `host` and `password` say how a service is reached from here; passwords are those of development.
    fn fill(
        &self,
        facts: &Facts,
        host: impl Fn(&str) -> String,
        password: impl Fn(&str) -> String,
    ) -> Result<Facts, Error> {
        let mut context = self.context.clone();
        let ids = || facts.services.iter().map(|service| service.id.clone());
        context["host"] = ids().map(|id| (id.clone(), Value::from(host(&id)))).collect();
        context["password"] = ids().map(|id| (id.clone(), Value::from(password(&id)))).collect();
        let mut value = serde_json::to_value(facts).map_err(|error| bug(error.to_string()))?;
        fill_strings(&mut value, &context)?;
        serde_json::from_value(value).map_err(|error| bug(error.to_string()))
    }
}

fn fill_strings(value: &mut Value, context: &Value) -> Result<(), Error> {
    match value {
        Value::String(text) if text.contains("{{{") => {
            *text = environment::text(text, context).map_err(|error| bug(format!("the fact `{text}`: {error}")))?;
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill_strings(item, context))?,
        Value::Object(map) => map.values_mut().try_for_each(|item| fill_strings(item, context))?,
        _ => {}
    }
    Ok(())
}

fn env(facts: &Facts, local: Facts, compose: &Facts) -> Vec<ResolvedEnvVar> {
    facts
        .env
        .iter()
        .zip(local.env)
        .zip(&compose.env)
        .map(|((variable, local), compose)| ResolvedEnvVar {
            variable: variable.clone(),
            local: local.value,
            compose: compose.value.clone(),
        })
        .collect()
}

/// Variables under their headings; a heading stands where its first variable does.
fn groups(all: &[ResolvedEnvVar]) -> Vec<EnvGroup> {
    let mut groups: Vec<EnvGroup> = Vec::new();
    for one in all {
        match groups.iter_mut().find(|group| group.title == one.variable.group) {
            Some(group) => group.variables.push(one.clone()),
            None => groups.push(EnvGroup {
                title: one.variable.group.clone(),
                variables: vec![one.clone()],
            }),
        }
    }
    groups
}

fn packages(facts: &Facts) -> Packages {
    let of = |scope| {
        let mut list: Vec<_> = facts
            .versions
            .iter()
            .filter(|version| version.kind == VersionKind::Package && version.scope == Some(scope))
            .cloned()
            .collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    };
    Packages {
        runtime: of(Scope::Runtime),
        dev: of(Scope::Dev),
    }
}

/// Derives every time-out from the defaults of the service's own variables.
fn timeouts(env: &[ResolvedEnvVar]) -> Result<Timeouts, Error> {
    let seconds = |name: &str| {
        env.iter()
            .find(|e| e.variable.name == name)
            .and_then(|e| e.variable.default.as_ref()?.parse::<u32>().ok())
            .ok_or_else(|| bug(format!("no component gives `{name}` a default in seconds")))
    };
    let request = seconds("REQUEST_TIMEOUT_SECONDS")?;
    let grace = seconds("SHUTDOWN_GRACE_SECONDS")?;
    Ok(Timeouts {
        request,
        delay: seconds("SHUTDOWN_DELAY_SECONDS")?,
        grace,
        stop: grace + 5,
        proxy_read: request + 5,
        keep_alive: 75,
    })
}
