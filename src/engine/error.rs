//! What can go wrong inside the engine, as data; wording for a person stands beside each problem.

use std::fmt;

/// One thing that is wrong, and how to mend it.
///
/// `message` is one line: lower-case start, literals in backticks, no final period.
/// `hint` completes the sentence `hint: …` in the same style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, naming the input.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without advice.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// The same problem with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(out, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Why the engine gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The user's input: every problem of it, never only the first.
    Input(Vec<Problem>),
    /// A defect of the catalog or a template, so ours: what to report.
    Bug(Vec<Problem>),
}

impl Error {
    /// The problems of either kind.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Input(problems) | Self::Bug(problems) => problems,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems().iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            write!(out, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The entry of `known` that `given` most likely meant: the closest by edit distance, if it is close at all.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (candidate, score(&given, candidate)))
        .filter(|(_, score)| *score > 0.6)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(candidate, _)| candidate)
}

fn score(given: &str, candidate: &str) -> f64 {
    let distance = strsim::normalized_damerau_levenshtein(given, candidate);
    // `postgresql` and `pg` style inputs share a beginning with the value they mean.
    if candidate.starts_with(given) || given.starts_with(candidate) {
        distance.max(0.8)
    } else {
        distance
    }
}
