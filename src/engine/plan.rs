//! The plan: everything that templates may print, resolved. It is the template context, so its fields are load-bearing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::answers::{Owner, Supply};
use super::environments::Environment;
use super::facts::{EnvVar, Ignore, Job, Lock, Port, Service, Task, Version};
use super::names::Names;
use super::tree::{Policy, RelPath};

/// A repository, decided to the last fact and not yet printed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Plan {
    /// The version of this document's shape.
    pub schema: &'static str,
    /// The Boatyard that made it.
    pub boatyard: &'static str,
    /// What Boatyard keeps for itself in the repository; nothing in one that is ejected, which says no word of it.
    pub own: Vec<&'static str>,
    /// The project's name in every form.
    pub project: Names,
    /// What the service is for, one sentence.
    pub description: String,
    /// The chosen component of each axis.
    pub stack: BTreeMap<String, Selected>,
    /// Every option of the chosen components, defaults applied.
    pub options: BTreeMap<String, String>,
    /// Who owns the service.
    pub owner: Owner,
    /// Where it is deployed to; empty without a deploy target.
    pub environments: Vec<Environment>,
    /// Where what it is built from comes from, and where it goes.
    pub supply: Supply,
    /// Pinned versions by id.
    pub versions: BTreeMap<String, PinnedVersion>,
    /// The packages among them, sorted by name.
    pub packages: Packages,
    /// Environment variables under their headings, in catalog order.
    pub env: Vec<EnvGroup>,
    /// The same variables in one list.
    pub env_all: Vec<ResolvedEnvVar>,
    /// Those that are secret and required.
    pub secrets: Vec<ResolvedEnvVar>,
    /// Servers beside the service, sorted by id.
    pub services: Vec<ResolvedService>,
    /// Names of the volumes that keep their data.
    pub volumes: Vec<String>,
    /// What has to run to its end before a release starts.
    pub jobs: Vec<Job>,
    /// How the service is called, by `serve`, `migrate`, `healthcheck`, and `dev-…` for the development stage.
    pub commands: BTreeMap<String, Vec<String>>,
    /// The service's own ports by id.
    pub ports: BTreeMap<String, Port>,
    /// Every time-out around the service.
    pub timeouts: Timeouts,
    /// Everyday commands, in order.
    pub tasks: Vec<Task>,
    /// Blocks of `.gitignore`.
    pub ignore: Vec<Ignore>,
    /// Allow-list of the build context, sorted.
    pub context: Vec<String>,
    /// How package managers make their lock files.
    pub lock: Vec<Lock>,
    /// Template layers in the order in which they apply.
    pub layers: Vec<String>,
    /// Files that templates may give, sorted by path; one that turns out blank is not written.
    pub outputs: Vec<Output>,
    /// Texts for slots, by slot: template paths in layer order.
    pub slots: BTreeMap<String, Vec<String>>,
    /// Which component brought a fact: `env.PORT` → `base`.
    pub provenance: BTreeMap<String, String>,
}

/// The chosen component of an axis.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Selected {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// One line about it.
    pub about: String,
}

/// A version with the text that files refer to it by.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PinnedVersion {
    /// What the catalog says.
    #[serde(flatten)]
    pub version: Version,
    /// `name:tag`, `name@sha # version` or `name@version`.
    #[serde(rename = "ref")]
    pub reference: String,
}

/// The service's dependencies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Packages {
    /// Needed while it runs.
    pub runtime: Vec<Version>,
    /// Needed to develop, test or build it.
    pub dev: Vec<Version>,
}

/// Environment variables under one heading.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EnvGroup {
    /// The heading.
    pub title: String,
    /// The variables, in catalog order.
    pub variables: Vec<ResolvedEnvVar>,
}

/// An environment variable with its development values.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ResolvedEnvVar {
    /// What the catalog says.
    #[serde(flatten)]
    pub variable: EnvVar,
    /// For a process on the developer's machine; none leaves the default.
    pub local: Option<String>,
    /// For a container on the compose network; none leaves the default.
    pub compose: Option<String>,
}

/// A server beside the service, with its image.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ResolvedService {
    /// What the catalog says.
    #[serde(flatten)]
    pub service: Service,
    /// `name:tag`.
    pub image: String,
    /// What compose mounts into it: its own volume first, then files of the repository.
    pub mounted: Vec<String>,
}

/// Seconds, all derived from the service's own limits so that they fit into each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Timeouts {
    /// A request is answered within this.
    pub request: u32,
    /// Between not-ready and closing the listener.
    pub delay: u32,
    /// The whole shutdown ends within this.
    pub grace: u32,
    /// Supervisors wait this long before they kill: `grace` and a margin.
    pub stop: u32,
    /// A proxy in front waits this long for an answer: `request` and a margin.
    pub proxy_read: u32,
    /// Idle connections are kept this long by the service, longer than any proxy keeps them.
    pub keep_alive: u32,
}

/// A file that a template gives.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// Where it goes.
    pub path: RelPath,
    /// Stable across moves: the layer's component and the path it was first given.
    pub id: String,
    /// Who keeps it current.
    pub policy: Policy,
    /// The layer it comes from.
    pub layer: String,
    /// Its template, below `templates/`.
    pub template: String,
    /// The choices that put it here; empty when every repository has it.
    pub because: BTreeMap<String, String>,
    /// The environment that it belongs to, where each has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}
