//! Facts of all selected components, merged by id: the same id with different content is an error that names both sides.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::super::catalog::Component;
use super::super::error::Problem;
use super::super::facts::{Facts, Ignore, Task};

/// Merged facts, and for each which component brought it: `env.PORT` → `base`.
type Merged = (Facts, BTreeMap<String, String>);

/// Merges the facts of components in layer order, each with those of its matching `with` selectors.
pub(super) fn facts(selected: &[(String, &Component)], selectors: &[String]) -> Result<Merged, Vec<Problem>> {
    let mut merger = Merger::default();
    for (key, component) in selected {
        merger.add(key, &component.facts);
        for selector in selectors {
            if let Some(facts) = component.with.get(selector) {
                merger.add(&format!("{key} with {selector}"), facts);
            }
        }
    }
    merger.finish()
}

#[derive(Default)]
struct Merger {
    facts: Facts,
    provenance: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl Merger {
    fn add(&mut self, from: &str, facts: &Facts) {
        let Self {
            facts: into,
            provenance,
            problems,
        } = self;
        let mut sink = Sink {
            from,
            provenance,
            problems,
        };
        sink.put("version", &mut into.versions, &facts.versions, |v| &v.id);
        sink.put("env", &mut into.env, &facts.env, |v| &v.name);
        sink.put("service", &mut into.services, &facts.services, |v| &v.id);
        sink.put("job", &mut into.jobs, &facts.jobs, |v| &v.id);
        sink.put("port", &mut into.ports, &facts.ports, |v| &v.id);
        for (id, words) in &facts.commands {
            sink.put_command(&mut into.commands, id, words);
        }
        sink.put("lock", &mut into.lock, &facts.lock, |v| &v.id);
        for task in &facts.tasks {
            sink.put_task(&mut into.tasks, task);
        }
        for block in &facts.ignore {
            put_ignore(&mut into.ignore, block);
        }
        into.context.extend(facts.context.iter().cloned());
    }

    fn finish(self) -> Result<Merged, Vec<Problem>> {
        let Self {
            mut facts,
            provenance,
            mut problems,
        } = self;
        for task in facts.tasks.iter().filter(|task| task.about.is_none()) {
            problems.push(Problem::new(format!(
                "the task `{}` has steps and no component says what it is about",
                task.name
            )));
        }
        facts.services.sort_by(|a, b| a.id.cmp(&b.id));
        facts.tasks.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
        for task in &mut facts.tasks {
            task.steps.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        }
        facts.context.sort();
        facts.context.dedup();
        if problems.is_empty() {
            Ok((facts, provenance))
        } else {
            Err(problems)
        }
    }
}

struct Sink<'a> {
    from: &'a str,
    provenance: &'a mut BTreeMap<String, String>,
    problems: &'a mut Vec<Problem>,
}

impl Sink<'_> {
    fn put<T: Clone + PartialEq + Debug>(
        &mut self,
        kind: &str,
        into: &mut Vec<T>,
        new: &[T],
        id: impl Fn(&T) -> &String,
    ) {
        for fact in new {
            match into.iter().find(|old| id(old) == id(fact)) {
                Some(old) if old == fact => {}
                Some(_) => self.collision(kind, id(fact)),
                None => {
                    self.provenance
                        .insert(format!("{kind}.{}", id(fact)), self.from.to_owned());
                    into.push(fact.clone());
                }
            }
        }
    }

    fn put_command(&mut self, into: &mut BTreeMap<String, Vec<String>>, id: &str, words: &[String]) {
        match into.get(id) {
            Some(old) if old == words => {}
            Some(_) => self.collision("command", id),
            None => {
                self.provenance.insert(format!("command.{id}"), self.from.to_owned());
                into.insert(id.to_owned(), words.to_vec());
            }
        }
    }

    fn put_task(&mut self, into: &mut Vec<Task>, new: &Task) {
        let Some(old) = into.iter_mut().find(|old| old.name == new.name) else {
            self.provenance
                .insert(format!("task.{}", new.name), self.from.to_owned());
            into.push(new.clone());
            return;
        };
        if old.about.is_some() && new.about.is_some() {
            self.collision("task", &new.name);
        }
        if new.about.is_some() {
            self.provenance
                .insert(format!("task.{}", new.name), self.from.to_owned());
            (old.about, old.group, old.order) = (new.about.clone(), new.group.clone(), new.order);
        }
        for need in &new.needs {
            if !old.needs.contains(need) {
                old.needs.push(need.clone());
            }
        }
        for step in &new.steps {
            if old.steps.iter().any(|other| other.id == step.id) {
                self.collision(&format!("step `{}` of task", step.id), &new.name);
            }
            old.steps.push(step.clone());
        }
    }

    fn collision(&mut self, kind: &str, id: &str) {
        let key = format!("{kind}.{id}");
        let first = self.provenance.get(&key).map_or("another component", String::as_str);
        self.problems.push(Problem::new(format!(
            "{kind} `{id}`: `{first}` and `{}` disagree",
            self.from
        )));
    }
}

fn put_ignore(into: &mut Vec<Ignore>, new: &Ignore) {
    match into.iter_mut().find(|old| old.title == new.title) {
        Some(old) => old.patterns.extend(
            new.patterns
                .iter()
                .filter(|p| !old.patterns.contains(p))
                .cloned()
                .collect::<Vec<_>>(),
        ),
        None => into.push(new.clone()),
    }
}
