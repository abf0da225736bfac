//! Why something is in a repository: the component that brings it and the choices that select that component.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::answers::SCHEMA_PATH;
use super::base::BASE_PATH;
use super::error::{Problem, nearest};
use super::plan::{Output, Plan};
use super::repository::ANSWERS_PATH;
use super::tree::Policy;

/// One reason for one thing.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Explanation {
    /// What it is: `file`, `env`, `version`, `service`, `task`, `port`, `lock`.
    pub kind: String,
    /// Its path or id.
    pub subject: String,
    /// Where it comes from: a template, or a component of the catalog.
    pub from: String,
    /// The choices that put it here; empty when every repository has it.
    pub because: BTreeMap<String, String>,
    /// What else is worth knowing.
    pub note: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = match self.because.is_empty() {
            true => "every repository has it".to_owned(),
            false => self
                .because
                .iter()
                .map(|(key, value)| format!("{key} is {value}"))
                .collect::<Vec<_>>()
                .join(" and "),
        };
        write!(
            out,
            "{} `{}`\n  from     {}\n  because  {because}\n  {}",
            self.kind, self.subject, self.from, self.note
        )
    }
}

/// Explains a path, or the id of a fact such as `DATABASE_URL`.
///
/// # Errors
/// Nothing in the repository has that path or id; the nearest one is named.
pub fn explain(subject: &str, plan: &Plan) -> Result<Vec<Explanation>, Problem> {
    let path = subject.trim_start_matches("./");
    let mut found: Vec<Explanation> = plan
        .outputs
        .iter()
        .filter(|output| output.path.as_str() == path)
        .map(file)
        .collect();
    found.extend(own(path));
    for (key, component) in &plan.provenance {
        let Some((kind, id)) = key.split_once('.').filter(|(_, id)| *id == subject) else {
            continue;
        };
        found.push(Explanation {
            kind: kind.to_owned(),
            subject: id.to_owned(),
            from: match component.split_once(" with ") {
                Some((own, with)) => format!("`stacks/{own}.json`, its part for `{with}`"),
                None => format!("`stacks/{component}.json`"),
            },
            because: choices(component),
            note: note(kind, id, plan),
        });
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let paths = plan.outputs.iter().map(|output| output.path.as_str());
    let ids = plan.provenance.keys().filter_map(|key| Some(key.split_once('.')?.1));
    let problem = Problem::new(format!("nothing that boatyard generates here is called `{subject}`"));
    Err(match nearest(subject, paths.chain(ids)) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("`boatyard plan` lists files, variables, services and tasks"),
    })
}

fn file(output: &Output) -> Explanation {
    Explanation {
        kind: "file".into(),
        subject: output.path.to_string(),
        from: format!("`templates/{}`", output.template),
        because: output.because.clone(),
        note: match output.policy {
            Policy::Managed => "managed: an update merges its changes with yours".into(),
            Policy::Seed => "yours: written once, and left alone when you edit it".into(),
        },
    }
}

/// The files that Boatyard keeps for itself.
fn own(path: &str) -> Option<Explanation> {
    let note = match path {
        ANSWERS_PATH => "your decisions; edit them by hand",
        BASE_PATH => "what was generated, for the next update to compare with; leave it alone, commit it",
        SCHEMA_PATH => "what `boatyard.json` may hold, for editors",
        _ => return None,
    };
    Some(Explanation {
        kind: "file".into(),
        subject: path.to_owned(),
        from: "boatyard itself".into(),
        because: BTreeMap::new(),
        note: note.into(),
    })
}

/// `language/node with database.postgres` was selected by both.
fn choices(component: &str) -> BTreeMap<String, String> {
    let (own, with) = component.split_once(" with ").unwrap_or((component, ""));
    own.split_once('/')
        .into_iter()
        .chain(with.split_once('.'))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn note(kind: &str, id: &str, plan: &Plan) -> String {
    let note = match kind {
        "env" => plan
            .env_all
            .iter()
            .find(|e| e.variable.name == id)
            .map(|e| e.variable.about.clone()),
        "version" => plan.versions.get(id).map(|pinned| {
            let v = &pinned.version;
            let eol = v
                .eol
                .as_ref()
                .map(|eol| format!(", supported to {eol}"))
                .unwrap_or_default();
            format!("{}, looked up {} in {}{eol}", pinned.reference, v.checked, v.source)
        }),
        "service" => plan
            .services
            .iter()
            .find(|s| s.service.id == id)
            .map(|s| format!("{} ({})", s.service.about, s.image)),
        "task" => plan.tasks.iter().find(|t| t.name == id).and_then(|t| t.about.clone()),
        "lock" => plan
            .lock
            .iter()
            .find(|lock| lock.id == id)
            .map(|lock| format!("`{}` makes `{}`", lock.command(), lock.file)),
        "port" => plan
            .ports
            .get(id)
            .map(|port| format!("{}: {}", port.number, port.about)),
        _ => None,
    };
    note.unwrap_or_default()
}
