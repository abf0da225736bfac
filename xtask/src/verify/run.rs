//! From trees to results: distinct inputs, calls on two threads, findings back to their files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::Result;

use super::check::{Batch, Check, Finding, Ran, Scope};
use super::toolbox::Toolbox;
use super::tree::Tree;

/// One distinct input of a check: a file, or a set of files of one tree.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The first tree that has it
    pub tree: String,
    /// Its path, or what the set is called
    pub name: String,
}

/// How one call ended.
pub struct Done {
    /// The check
    pub check: usize,
    /// The inputs it looked at
    pub units: Vec<Unit>,
    /// What came of it; paths begin with the tree's name
    pub ran: Result<Ran>,
    /// Wall time
    pub seconds: f64,
}

struct Job<'a> {
    check: usize,
    folder: PathBuf,
    files: Vec<String>,
    tree: Option<&'a Tree>,
    units: Vec<Unit>,
}

/// Runs every check over every distinct input.
pub fn run(checks: &[Check], trees: &[Tree], work: &Path, toolbox: &Toolbox) -> Result<Vec<Done>> {
    let mut jobs = Vec::new();
    for (number, check) in checks.iter().enumerate() {
        jobs.extend(jobs_of(number, check, trees, work)?);
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(checks[job.check].cost));
    let queue = Mutex::new(VecDeque::from(jobs));
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(4) {
            scope.spawn(|| {
                while let Some(job) = lock(&queue).pop_front() {
                    let result = call(&checks[job.check], job, toolbox);
                    lock(&done).push(result);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by(|a, b| (a.check, &a.units[0].tree).cmp(&(b.check, &b.units[0].tree)));
    Ok(done)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn jobs_of<'a>(number: usize, check: &Check, trees: &'a [Tree], work: &Path) -> Result<Vec<Job<'a>>> {
    let mut seen = BTreeSet::new();
    let mut jobs = Vec::new();
    let (mut files, mut units) = (Vec::new(), Vec::new());
    for tree in trees {
        let selected = check.select.of(tree)?;
        if selected.is_empty() {
            continue;
        }
        if check.scope.is_set() {
            let key: Vec<_> = selected
                .iter()
                .map(|path| (path.clone(), tree.files[path].clone()))
                .collect();
            if seen.insert(key) {
                let unit = Unit {
                    tree: tree.name.clone(),
                    name: format!("{} files", selected.len()),
                };
                if check.scope == Scope::Together {
                    files.extend(selected.iter().map(|path| format!("{}/{path}", tree.name)));
                    units.push(unit);
                    continue;
                }
                let (folder, units) = (tree.root.clone(), vec![unit]);
                jobs.push(Job {
                    check: number,
                    folder,
                    files: selected,
                    tree: Some(tree),
                    units,
                });
            }
            continue;
        }
        for path in selected {
            if seen.insert(vec![(path.clone(), tree.files[&path].clone())]) {
                files.push(format!("{}/{path}", tree.name));
                units.push(Unit {
                    tree: tree.name.clone(),
                    name: path,
                });
            }
        }
    }
    if !files.is_empty() {
        let folder = match check.scope {
            Scope::Folder => gather(work, check.id, &files)?,
            _ => work.join("trees"),
        };
        jobs.push(Job {
            check: number,
            folder,
            files,
            tree: None,
            units,
        });
    }
    Ok(jobs)
}

fn gather(work: &Path, id: &str, files: &[String]) -> Result<PathBuf> {
    let folder = work.join("gathered").join(id);
    for file in files {
        let target = folder.join(file);
        fs::create_dir_all(target.parent().unwrap_or(&folder))?;
        fs::copy(work.join("trees").join(file), target)?;
    }
    Ok(folder)
}

fn call(check: &Check, job: Job, toolbox: &Toolbox) -> Done {
    let started = Instant::now();
    let batch = Batch {
        folder: &job.folder,
        files: job.files,
        tree: job.tree,
        toolbox,
    };
    let mut ran = (check.run)(&batch);
    if let (Some(tree), Ok(Ran::Found(findings))) = (job.tree, &mut ran) {
        findings
            .iter_mut()
            .for_each(|finding| finding.path = format!("{}/{}", tree.name, finding.path));
    }
    Done {
        check: job.check,
        units: job.units,
        ran,
        seconds: started.elapsed().as_secs_f64(),
    }
}

/// Findings by tree and path.
pub fn by_file(findings: &[Finding]) -> BTreeMap<(&str, &str), Vec<&Finding>> {
    let mut map: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for finding in findings {
        let (tree, path) = finding.path.split_once('/').unwrap_or(("", &finding.path));
        map.entry((tree, path)).or_default().push(finding);
    }
    map
}
