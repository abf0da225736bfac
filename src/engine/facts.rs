//! Facts: what two or more outputs need to know about a component, as `stacks/**.json` states it.
//!
//! Facts of all selected components are merged by id ([`super::resolve`]); string values may hold `{{{ project.slug }}}`,
//! `{{{ host.postgres }}}` or `{{{ port.http }}}`, filled in when the plan is made.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tree::RelPath;

/// Everything that one component contributes. Each list is merged by the id of its entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Facts {
    /// Pinned versions: runtimes, images, packages, actions, tools.
    pub versions: Vec<Version>,
    /// Environment variables that the service reads.
    pub env: Vec<EnvVar>,
    /// Servers that run beside the service.
    pub services: Vec<Service>,
    /// What has to run to its end before a release starts.
    pub jobs: Vec<Job>,
    /// How the service is called: `serve`, `migrate`, `healthcheck` inside the image, `dev-…` in the development stage.
    pub commands: BTreeMap<String, Vec<String>>,
    /// Ports of the service itself.
    pub ports: Vec<Port>,
    /// Everyday commands.
    pub tasks: Vec<Task>,
    /// What git leaves alone.
    pub ignore: Vec<Ignore>,
    /// What may enter the image's build context: an allow-list of `.dockerignore` patterns.
    pub context: Vec<String>,
    /// How package managers make their lock files.
    pub lock: Vec<Lock>,
}

/// What a pinned version is a version of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VersionKind {
    /// A language runtime.
    Runtime,
    /// A container image.
    Image,
    /// A dependency of the service, from its language's package registry.
    Package,
    /// A GitHub action, pinned by commit.
    Action,
    /// A program that developers or CI run.
    Tool,
    /// A label or format version that is none of the above, such as a CI runner.
    Label,
}

/// When a package is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// While the service runs.
    Runtime,
    /// To develop, test or build it.
    Dev,
}

/// One pinned version, with where and when it was looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Unique id, such as `node-image`.
    pub id: String,
    /// What it is a version of.
    pub kind: VersionKind,
    /// The name in its registry: `fastify`, `postgres`, `actions/checkout`.
    pub name: String,
    /// The version, as that registry spells it: `5.12.8`, `v7.0.1`.
    pub version: String,
    /// The image tag, where it is more than the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The commit of an action: 40 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// When a package is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The last day with security fixes, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eol: Option<String>,
    /// Where it was looked up.
    pub source: String,
    /// The day it was looked up, `YYYY-MM-DD`.
    pub checked: String,
}

impl Version {
    /// How files name it: `name:tag` for an image, `name@sha # version` for an action, else `name@version`.
    pub fn reference(&self) -> String {
        match (self.kind, &self.tag, &self.sha) {
            (VersionKind::Image, Some(tag), _) => format!("{}:{tag}", self.name),
            (VersionKind::Image, None, _) => format!("{}:{}", self.name, self.version),
            (VersionKind::Action, _, Some(sha)) => format!("{}@{sha} # {}", self.name, self.version),
            _ => format!("{}@{}", self.name, self.version),
        }
    }
}

/// One environment variable of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvVar {
    /// `DATABASE_URL`.
    pub name: String,
    /// The heading it stands under.
    pub group: String,
    /// One sentence: what it does, unit and range included.
    pub about: String,
    /// What the service takes when it is not set; none: unset means off, or it is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether the service refuses to start without it.
    #[serde(default)]
    pub required: bool,
    /// Whether its value must stay out of logs, files in git and images.
    #[serde(default)]
    pub secret: bool,
    /// Its value in development, where it differs from the default; `{{{ host.ID }}}` is a service's host,
    /// `{{{ password.ID }}}` its password there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A server that runs beside the service: in compose, in CI, and managed in production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its id, also its host name inside compose.
    pub id: String,
    /// What it is, in a few words.
    pub about: String,
    /// The id of its image in `versions`.
    pub version: String,
    /// The port it listens on.
    pub port: u16,
    /// Arguments instead of the image's own.
    #[serde(default)]
    pub command: Vec<String>,
    /// Its environment in development and CI.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// A shell command inside the container that succeeds when it is ready.
    pub healthcheck: String,
    /// Where its data lies, if it keeps any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// Files of the repository that it reads, by their path inside the container.
    #[serde(default)]
    pub mounts: BTreeMap<String, String>,
}

/// A command of the service that runs to its end before a release starts, such as the migrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its id, also that of its command.
    pub id: String,
    /// What it does.
    pub about: String,
    /// The services that it needs.
    #[serde(default)]
    pub needs: Vec<String>,
}

/// A port that the service listens on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// `http`, `metrics`, `debugger`.
    pub id: String,
    /// Its default number.
    pub number: u16,
    /// Who talks to it.
    pub about: String,
}

/// An everyday command: one `make` target of steps that several components may add to.
///
/// The component that owns a task gives `about`; others repeat its name and bring steps only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The make target.
    pub name: String,
    /// One line for `make help`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The heading in `make help` and the README.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Position among the tasks; ties sort by name.
    #[serde(default)]
    pub order: u16,
    /// Targets or files that make brings up to date first.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Commands, run in order.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// One command of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Unique inside the task.
    pub id: String,
    /// Position inside the task; ties sort by id.
    #[serde(default)]
    pub order: u16,
    /// A shell command; `$` is the shell's.
    pub run: String,
}

/// A headed block of `.gitignore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// The comment above the block.
    pub title: String,
    /// Patterns in git's syntax.
    pub patterns: Vec<String>,
}

/// A command of a package manager that makes its lock file and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Unique id, such as `npm`.
    pub id: String,
    /// The program, found on the search path.
    pub program: String,
    /// Its arguments; it runs in the repository's root.
    pub args: Vec<String>,
    /// The file that it makes.
    pub file: RelPath,
}

impl Lock {
    /// The command as people type it.
    pub fn command(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.args);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}
