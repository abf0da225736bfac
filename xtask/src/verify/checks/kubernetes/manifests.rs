//! What the charts and the plain manifests of all trees come to: rendered once, equal documents once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::charts::{self, Chart, within};
use super::pairs::{Settings, settings};
use crate::verify::cache;
use crate::verify::check::{Batch, Finding};
use crate::verify::toolbox::Toolbox;

/// An object, in the first file and with the first settings that give it.
#[derive(Debug)]
pub struct Document {
    /// The template or the manifest, which begins with the tree's name
    pub path: String,
    /// The settings it was rendered with
    pub with: String,
    /// The object
    pub object: Value,
}

/// Objects that live together: a rendering, or a folder of manifests.
#[derive(Debug)]
pub struct Set {
    /// The settings it was rendered with
    pub with: String,
    /// Its objects, by number
    pub members: Vec<usize>,
}

/// Everything that the validators of manifests read.
#[derive(Debug, Default)]
pub struct Manifests {
    /// Distinct objects
    pub documents: Vec<Document>,
    /// Distinct sets
    pub sets: Vec<Set>,
    /// What could not be rendered or read
    pub problems: Vec<Finding>,
}

/// A file or a template, with the settings it was rendered with and its objects.
struct Part {
    path: String,
    with: String,
    objects: Vec<Value>,
}

/// The manifests of a batch; of all the checks that ask, the first one renders.
pub fn of(batch: &Batch) -> Result<Arc<Manifests>> {
    static KNOWN: Mutex<BTreeMap<String, Arc<Manifests>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let files: Vec<&[u8]> = batch.files.iter().map(String::as_bytes).collect();
    let key = format!("{} {}", batch.folder.display(), cache::digest(&files));
    if let Some(manifests) = known.get(&key) {
        return Ok(Arc::clone(manifests));
    }
    let manifests = Arc::new(gather(batch)?);
    known.insert(key, Arc::clone(&manifests));
    Ok(manifests)
}

fn gather(batch: &Batch) -> Result<Manifests> {
    let mut all = Collection::default();
    let charts = charts::charts(batch)?;
    let kinds = charts::kinds(&charts);
    let queue = Mutex::new(charts.iter().zip(kinds).enumerate());
    let rendered = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(4) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((number, (chart, new))) = next else { break };
                    let result = render(batch.toolbox, chart, new);
                    let mut rendered = rendered.lock().unwrap_or_else(PoisonError::into_inner);
                    rendered.insert(number, result);
                }
            });
        }
    });
    for result in rendered
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_values()
    {
        let (sets, problems) = result?;
        all.manifests.problems.extend(problems);
        sets.into_iter().for_each(|set| all.add(set));
    }
    plain(batch, &mut all)?;
    Ok(all.manifests)
}

/// Every set of one chart, and what went wrong on the way; of a chart like another, the files of values alone.
fn render(toolbox: &Toolbox, chart: &Chart, new: bool) -> Result<(Vec<Vec<Part>>, Vec<Finding>)> {
    let folder = tempfile::tempdir()?;
    for (name, content) in &chart.files {
        charts::write(folder.path(), name, content)?;
    }
    let schema = match chart.files.get("values.schema.json") {
        Some(text) => serde_json::from_slice(text).with_context(|| format!("{}/values.schema.json", chart.path))?,
        None => json!({}),
    };
    let (mut sets, mut problems) = (Vec::new(), Vec::new());
    let wanted = if new { usize::MAX } else { chart.overlays().len() + 1 };
    for settings in settings(chart, &chart.yaml("values.yaml")?, &schema)
        .into_iter()
        .take(wanted)
    {
        match template(toolbox, folder.path(), chart, &settings)? {
            Ok(set) => sets.push(set),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((sets, problems))
}

fn template(
    toolbox: &Toolbox,
    folder: &Path,
    chart: &Chart,
    settings: &Settings,
) -> Result<std::result::Result<Vec<Part>, Finding>> {
    let set = charts::write(folder, "set-by-verify.json", settings.values.to_string().as_bytes())?;
    let mut arguments = vec!["template", "orders", ".", "--namespace", "orders-staging"];
    if let Some(overlay) = &settings.overlay {
        arguments.extend(["--values", overlay]);
    }
    let set = set.to_string_lossy().into_owned();
    arguments.extend(["--values", &set]);
    let output = charts::helm(toolbox, folder, &arguments)?;
    let problem = |rule: &str, path: String, message: String| Finding {
        rule: rule.to_owned(),
        path,
        line: 0,
        message: format!("{message} (with {})", settings.about),
    };
    if output.code != 0 {
        let message = crate::process::tail(&output.stderr, 500).to_owned();
        return Ok(Err(problem("template", format!("{}/Chart.yaml", chart.path), message)));
    }
    let mut parts = Vec::new();
    for (name, text) in sources(&output.stdout) {
        let path = format!("{}/{name}", chart.path);
        match charts::documents(&text) {
            Ok(objects) => parts.push(Part {
                path,
                with: settings.about.clone(),
                objects,
            }),
            Err(error) => return Ok(Err(problem("yaml", path, error.to_string()))),
        }
    }
    Ok(Ok(parts))
}

/// What helm printed, by template: a line before each document names it.
fn sources(text: &str) -> Vec<(String, String)> {
    let mut sources: Vec<(String, String)> = Vec::new();
    for document in format!("\n{text}").split("\n---\n") {
        let first = document.lines().find_map(|line| line.strip_prefix("# Source: "));
        let name = match (first, sources.last()) {
            (Some(source), _) => within(source).to_owned(),
            (None, Some((last, _))) => last.clone(),
            (None, None) => continue,
        };
        sources.push((name, document.to_owned()));
    }
    sources
}

/// Manifests that are no templates; those of one folder live together.
fn plain(batch: &Batch, all: &mut Collection) -> Result<()> {
    let mut folders: BTreeMap<&str, Vec<Part>> = BTreeMap::new();
    let manifest = |path: &&String| !within(path).starts_with("deploy/helm/");
    for path in batch.files.iter().filter(manifest) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match charts::documents(&fs::read_to_string(batch.folder.join(path))?) {
            Ok(objects) => folders.entry(folder).or_default().push(Part {
                path: path.clone(),
                with: String::new(),
                objects,
            }),
            Err(error) => all.manifests.problems.push(Finding {
                rule: "yaml".to_owned(),
                path: path.clone(),
                line: 0,
                message: error.to_string(),
            }),
        }
    }
    folders.into_values().for_each(|set| all.add(set));
    Ok(())
}

/// Documents and sets, each once.
#[derive(Default)]
struct Collection {
    manifests: Manifests,
    numbers: BTreeMap<(String, String), usize>,
    sets: BTreeSet<Vec<usize>>,
}

impl Collection {
    fn add(&mut self, parts: Vec<Part>) {
        let (mut members, mut with) = (Vec::new(), String::new());
        for part in parts {
            with.clone_from(&part.with);
            for mut object in part.objects {
                plainer(&mut object);
                let documents = &mut self.manifests.documents;
                let key = (within(&part.path).to_owned(), object.to_string());
                let number = *self.numbers.entry(key).or_insert_with(|| {
                    documents.push(Document {
                        path: part.path.clone(),
                        with: part.with.clone(),
                        object,
                    });
                    documents.len() - 1
                });
                members.push(number);
            }
        }
        if !members.is_empty() && self.sets.insert(members.clone()) {
            self.manifests.sets.push(Set { with, members });
        }
    }
}

/// Takes out what tells objects apart and no validator reads: checksums of other objects.
fn plainer(object: &mut Value) {
    for annotations in ["/metadata/annotations", "/spec/template/metadata/annotations"] {
        if let Some(annotations) = object.pointer_mut(annotations).and_then(Value::as_object_mut) {
            for (_, value) in annotations.iter_mut().filter(|(key, _)| key.starts_with("checksum/")) {
                *value = json!("0");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_know_their_template() {
        let text =
            "---\n# Source: orders/templates/a.yaml\na: 1\n---\nb: 2\n---\n# Source: orders/templates/c.yaml\nc: 3\n";
        let names: Vec<_> = sources(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["templates/a.yaml", "templates/a.yaml", "templates/c.yaml"]);
    }

    #[test]
    fn equal_objects_and_equal_sets_are_kept_once() {
        let part = |tree: &str, sum: &str| Part {
            path: format!("{tree}/deploy/a.yaml"),
            with: String::new(),
            objects: vec![json!({"metadata": {"annotations": {"checksum/config": sum}}})],
        };
        let mut all = Collection::default();
        all.add(vec![part("one", "1")]);
        all.add(vec![part("two", "2")]);
        assert_eq!((all.manifests.documents.len(), all.manifests.sets.len()), (1, 1));
        assert_eq!(all.manifests.documents[0].path, "one/deploy/a.yaml");
    }
}
