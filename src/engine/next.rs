//! What to type next: the command that gives the same repository, and the first steps in it.

use super::answers::Answers;
use super::catalog::Catalog;
use super::plan::Plan;

/// Tasks worth trying first, in this order; a repository has those that its components bring.
const FIRST: &[&str] = &["setup", "up", "test", "dev"];

/// The longest list of steps.
const STEPS: usize = 3;

/// Words of the command that gives the same repository without a question.
pub fn equivalent(directory: &str, answers: &Answers, catalog: &Catalog) -> Vec<String> {
    let mut words = vec!["boatyard".to_owned(), "new".to_owned()];
    // A directory that starts with a dash would be taken for a flag.
    words.push(match directory.starts_with('-') {
        true => format!("./{directory}"),
        false => directory.to_owned(),
    });
    words.extend(answers.to_flags(catalog));
    words
}

/// The words as one line that a POSIX shell reads back as the same words.
pub fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    // Joining fails on NUL alone, which no argument can hold.
    shlex::try_join(words).unwrap_or_default()
}

/// The words as a command for people: on one line where it fits into `width`, else a line for each flag.
pub fn command(words: &[String], width: usize) -> String {
    let line = quoted(words.iter().map(String::as_str));
    if line.len() <= width {
        return line;
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let word_quoted = quoted([word.as_str()]);
        match lines.last_mut() {
            Some(line) if !word.starts_with("--") => {
                line.push(' ');
                line.push_str(&word_quoted);
            }
            _ => lines.push(word_quoted),
        }
    }
    lines.join(" \\\n    ")
}

/// The first commands to run, each with what it does.
pub fn steps(directory: &str, plan: &Plan) -> Vec<(String, String)> {
    let mut steps = Vec::new();
    if directory != "." {
        steps.push((format!("cd {}", quoted([directory])), String::new()));
    }
    let tasks = FIRST
        .iter()
        .filter_map(|name| plan.tasks.iter().find(|task| task.name == *name));
    steps.extend(tasks.map(|task| (format!("make {}", task.name), task.about.clone().unwrap_or_default())));
    steps.truncate(STEPS);
    steps
}
