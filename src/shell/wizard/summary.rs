//! The last page: every answer, what it amounts to, and the way to change each.

use std::path::Path;

use inquire::Select;

use crate::engine::answers::Answers;
use crate::engine::names::Names;
use crate::engine::plan::Plan;
use crate::engine::questions::{Form, NAME};
use crate::engine::repository;

use super::{Left, Line, Purpose, Wizard, fit, line};
use crate::shell::failure::{Failure, shown};

/// What an entry of the page does.
enum Entry {
    Create,
    Edit(String),
    Cancel,
}

impl Wizard<'_> {
    /// Shows the page until the answers on it are accepted.
    pub(super) fn summary(&mut self) -> Result<Option<Answers>, Left> {
        // The page shows every answer, and edits would make the questions above it stale.
        let rows = self.asked.iter_mut().map(|(_, rows)| std::mem::take(rows)).sum();
        self.report.erase(rows);
        let mut start = 0;
        loop {
            let answers = self
                .interview
                .answers()
                .map_err(|problems| Left::Out(Failure::Input(problems)))?;
            let (plan, tree) = repository::generate(&answers, self.catalog).map_err(|error| Left::Out(error.into()))?;
            let lines: usize = tree.values().map(|file| file.text.lines().count()).sum();
            let place = match self.directory {
                Some(directory) => shown(directory),
                None => shown(Path::new(&plan.project.slug)),
            };
            let asks = format!("{} files, {lines} lines in {place}:", tree.len());
            let (lines, entries) = self.entries(&plan);
            let help = fit(
                &["Enter on an answer changes it", "Esc goes back"],
                self.report.size().1,
            );
            let chosen = Select::new(&asks, lines)
                .with_starting_cursor(start)
                .with_page_size(self.page())
                .with_help_message(&help)
                .with_formatter(&|line| line.value.title.clone())
                .with_vim_mode(true)
                .without_filtering()
                .with_render_config(self.style())
                .raw_prompt()
                .map_err(|error| self.left(error, &asks))?;
            match &entries[chosen.index] {
                Entry::Create => {
                    self.report.erase(self.rows_of(&asks, &chosen.value.title));
                    return Ok(Some(answers));
                }
                Entry::Cancel => return Err(Left::Out(Failure::Interrupted)),
                Entry::Edit(key) => {
                    self.report.erase(self.rows_of(&asks, &chosen.value.title));
                    match self.edit(key, &plan) {
                        Ok(()) | Err(Left::Back) => {}
                        Err(left) => return Err(left),
                    }
                    start = chosen.index;
                    if self.interview.next().is_some() {
                        // The new answer opened a question; the page comes back after it.
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The page's lines, and what each does.
    fn entries(&self, plan: &Plan) -> (Vec<Line>, Vec<Entry>) {
        let mut facts: Vec<(String, String)> = vec![(NAME.into(), spelled(&plan.project))];
        for axis in &self.catalog.axes {
            if let Some(chosen) = plan.stack.get(&axis.id) {
                facts.push((axis.id.clone(), chosen.title.clone()));
            }
        }
        facts.extend(plan.options.iter().map(|(id, value)| (id.clone(), value.clone())));
        for key in self.interview.offers() {
            let word = if self.interview.accepted(key) { "Yes" } else { "No" };
            facts.push((key.to_owned(), word.to_owned()));
        }
        let wide = facts
            .iter()
            .map(|(key, _)| label(key).chars().count())
            .max()
            .unwrap_or(0);
        let columns = self.report.size().1;
        let plain = |title: &str| Line {
            title: title.into(),
            text: title.into(),
        };
        let go = match self.purpose {
            Purpose::New => "Create it",
            Purpose::Update => "Update to this",
            Purpose::Adopt => "Adopt it as this",
        };
        let mut lines = vec![plain(go)];
        let mut entries = vec![Entry::Create];
        for (key, value) in facts {
            lines.push(Line {
                title: key.clone(),
                text: line(&label(&key), &value, wide, columns),
            });
            entries.push(Entry::Edit(key));
        }
        lines.push(plain("Cancel"));
        entries.push(Entry::Cancel);
        (lines, entries)
    }

    /// Asks one answer again; an unchanged one stays what it was, a default included.
    fn edit(&mut self, key: &str, plan: &Plan) -> Result<(), Left> {
        let Some(mut question) = self.interview.question(key) else {
            return Ok(());
        };
        if let Form::Text { suggestion } = &mut question.form {
            *suggestion = suggestion.take().or_else(|| plan.options.get(key).cloned());
        }
        let (value, shown) = self.put(&question, "Esc keeps it")?;
        self.report.erase(self.rows_of(&question.asks, &shown));
        let before = plan
            .options
            .get(key)
            .or_else(|| plan.stack.get(key).map(|chosen| &chosen.id));
        if before == Some(&value) {
            return Ok(());
        }
        self.interview
            .answer(key, &value)
            .map_err(|problem| Left::Out(Failure::input(problem)))
    }
}

/// The name, and the spelling that files use where it differs.
fn spelled(names: &Names) -> String {
    match names.name == names.slug {
        true => names.name.clone(),
        false => format!("{} ({})", names.name, names.slug),
    }
}

/// A key as a person reads it.
fn label(key: &str) -> String {
    match key {
        "git" => "first commit".into(),
        "lock" => "lock file".into(),
        _ => key.replace('_', " "),
    }
}
