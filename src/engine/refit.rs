//! A whole update as a value: what the new answers give, against what was generated and what is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::answers::Answers;
use super::base::{BASE_PATH, Base, Files, State};
use super::catalog::Catalog;
use super::change::{self, Action, Change, OWN_LAYER, Reason};
use super::detect::pattern;
use super::draft::{Draft, Source};
use super::error::Error;
use super::merge::decide::Content;
use super::merge::shape::Shaped;
use super::merge::structured::{self, Syntax};
use super::merge::text::Labels;
use super::merge::{self, Edit, OnConflict, Rules, Update};
use super::plan::Plan;
use super::repository::{self, ANSWERS_PATH};
use super::resolve::VERSION;
use super::tree::{Found, Policy, RelPath};

/// What new answers give, before anybody looked at the disk.
#[derive(Debug)]
pub struct Wanted {
    /// The answers.
    pub answers: Answers,
    /// Their plan.
    pub plan: Plan,
    /// Their files.
    pub files: Files,
    /// Patterns of those that make up the service itself.
    service: Vec<String>,
}

impl Wanted {
    /// What these answers give.
    ///
    /// # Errors
    /// As [`repository::outputs`].
    pub fn new(answers: Answers, catalog: &Catalog) -> Result<Self, Error> {
        let (plan, files) = repository::outputs(&answers, catalog)?;
        Ok(Self::of(answers, plan, files, catalog))
    }

    /// The same without a word of Boatyard, to leave behind.
    ///
    /// # Errors
    /// As [`repository::ejected`].
    pub fn ejected(answers: Answers, catalog: &Catalog) -> Result<Self, Error> {
        let (plan, files) = repository::ejected(&answers, catalog)?;
        Ok(Self::of(answers, plan, files, catalog))
    }

    fn of(answers: Answers, plan: Plan, files: Files, catalog: &Catalog) -> Self {
        let components = answers.choices.iter();
        let components = components.filter_map(|(axis, id)| catalog.component(axis, id));
        let service = components.flat_map(|component| component.service.clone()).collect();
        Self {
            answers,
            plan,
            files,
            service,
        }
    }

    /// The files that an adopted repository goes without, for it has a service of its own: what is the service's, and
    /// what is written once to be replaced. One that is there is the user's, and stays known as such.
    pub fn left_out(&self, base: &Base, disk: &BTreeMap<RelPath, Found>) -> BTreeSet<RelPath> {
        let absent = |path: &RelPath| matches!(disk.get(path), None | Some(Found::Absent));
        let unknown = |path: &RelPath| base.files.get(path).is_none_or(|entry| entry.state == State::Yours);
        let service = |path: &RelPath| self.service.iter().any(|one| pattern::path(one, path.as_str()));
        let files = self.files.iter().filter(|_| base.adopted);
        files
            .filter(|(path, entry)| entry.file.policy == Policy::Seed || service(path))
            .map(|(path, _)| path)
            .filter(|path| absent(path) && unknown(path))
            .cloned()
            .collect()
    }

    /// Every path whose present state the update has to know.
    pub fn paths(&self, base: &Base) -> BTreeSet<RelPath> {
        let own = [ANSWERS_PATH, BASE_PATH]
            .iter()
            .filter_map(|path| RelPath::parse(path).ok());
        merge::paths(&base.files, &self.files).into_iter().chain(own).collect()
    }

    /// Decides everything, Boatyard's own files included.
    pub fn update(
        &self,
        base: &Base,
        disk: &BTreeMap<RelPath, Found>,
        catalog: &Catalog,
        on_conflict: OnConflict,
    ) -> Update {
        let mut update = self.merge(base, disk, on_conflict);
        let next = Base {
            boatyard: VERSION.to_owned(),
            answers: self.answers.to_document(catalog),
            adopted: base.adopted,
            files: update.files.clone(),
        };
        let answers = |bytes: &[u8]| self.answers_text(bytes, catalog);
        own(&mut update, disk, ANSWERS_PATH, answers);
        own(&mut update, disk, BASE_PATH, |bytes| {
            let text = next.to_text().into_bytes();
            (text != bytes).then_some(text)
        });
        update.changes.sort_by(|a, b| a.path.cmp(&b.path));
        update
    }

    /// Decides what an ejected repository becomes: nothing of Boatyard's own stays.
    pub fn eject(&self, base: &Base, disk: &BTreeMap<RelPath, Found>) -> Update {
        // What the user wrote is theirs, even where it speaks of Boatyard.
        let mut update = self.merge(base, disk, OnConflict::Keep);
        for path in [ANSWERS_PATH, BASE_PATH] {
            let path = own(&mut update, disk, path, |_| None);
            update.edits.extend(path.map(|path| (path, Edit::Remove)));
        }
        for change in update.changes.iter_mut().filter(|change| change.reason == Reason::Own) {
            change.action = Action::Delete;
        }
        update.changes.sort_by(|a, b| a.path.cmp(&b.path));
        update
    }

    fn merge(&self, base: &Base, disk: &BTreeMap<RelPath, Found>, on_conflict: OnConflict) -> Update {
        let rules = Rules {
            on_conflict,
            labels: Labels {
                base: "as generated before".into(),
                ours: "yours".into(),
                theirs: format!("boatyard {VERSION}"),
            },
        };
        let origin = |path: &RelPath| change::origin(&self.plan, path);
        let left_out = self.left_out(base, disk);
        let mut files = self.files.clone();
        files.retain(|path, _| !left_out.contains(path));
        let mut known = base.files.clone();
        known.retain(|path, _| !left_out.contains(path));
        merge::update(&known, disk, &files, &rules, origin)
    }

    /// `boatyard.json` with these answers, in the user's order and formatting; none when it says them already.
    fn answers_text(&self, bytes: &[u8], catalog: &Catalog) -> Option<Vec<u8>> {
        let fresh = || Some(self.answers.to_text(catalog).into_bytes());
        let Some(mine) = Shaped::read(bytes) else {
            return fresh();
        };
        let Ok(values) = serde_json::from_str::<Map<String, Value>>(&mine.text) else {
            return fresh();
        };
        let keeps_schema = values.contains_key("$schema");
        let source = Source {
            origin: ANSWERS_PATH.to_owned(),
            values,
        };
        let (draft, _) = Draft::read(&[source], catalog, VERSION);
        if draft.complete(catalog).is_ok_and(|answers| answers == self.answers) {
            return None;
        }
        let mut document = self.answers.to_document(catalog);
        if let (false, Value::Object(map)) = (keeps_schema, &mut document) {
            map.shift_remove("$schema");
        }
        match structured::rewrite(Syntax::Json, &mine.text, &format!("{document:#}\n")) {
            Some(text) => Some(mine.shape.write(&text)),
            None => fresh(),
        }
    }
}

/// Adds one of Boatyard's own files to the update; `text` gives its new content, or none when the old one will do. Gives
/// its path.
fn own(
    update: &mut Update,
    disk: &BTreeMap<RelPath, Found>,
    path: &str,
    text: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Option<RelPath> {
    let path = RelPath::parse(path).ok()?;
    let (present, bytes) = match disk.get(&path) {
        Some(Found::File { bytes, .. }) => (true, bytes.as_slice()),
        _ => (false, &[][..]),
    };
    let new = text(bytes);
    let action = match (&new, present) {
        (None, _) => Action::Unchanged,
        (Some(_), true) => Action::Update,
        (Some(_), false) => Action::Create,
    };
    let lines = String::from_utf8_lossy(new.as_deref().unwrap_or(bytes)).lines().count();
    if let Some(bytes) = new {
        let content = Content {
            bytes,
            executable: false,
        };
        update.edits.insert(path.clone(), Edit::Write(content));
    }
    update.changes.push(Change {
        path: path.clone(),
        from: None,
        action,
        reason: Reason::Own,
        conflicts: 0,
        policy: Policy::Managed,
        executable: false,
        lines,
        layer: OWN_LAYER.to_owned(),
        because: BTreeMap::new(),
    });
    Some(path)
}
