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

/// The words as a command for people: broken before flags, where it does not fit into `width` columns.
pub fn command(words: &[String], width: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for (index, word) in words.iter().enumerate() {
        // A flag stays with its value.
        let values = words[index + 1..].iter().take_while(|next| !next.starts_with("--"));
        let group = quoted(std::iter::once(word).chain(values).map(String::as_str))
            .chars()
            .count();
        if word.starts_with("--") && column + group + 3 > width {
            text.push_str(" \\\n    ");
            column = 4;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        let word = quoted([word.as_str()]);
        column += word.chars().count();
        text.push_str(&word);
    }
    text
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
