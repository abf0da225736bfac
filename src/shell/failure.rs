//! Why a command ended without doing its work, and the exit code that says so.

use std::path::{Path, PathBuf};

use crate::engine::error::{Error, Problem};

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The user's input; nothing was written.
    Input(Vec<Problem>),
    /// A defect of Boatyard.
    Bug(Vec<Problem>),
    /// The file system or a program that was asked for.
    Io(Vec<Problem>),
    /// The work was done, or looked at, and something is left for a person: differences, drift, conflicts.
    Differs(Vec<Problem>),
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    /// An input problem.
    pub fn input(problem: Problem) -> Self {
        Self::Input(vec![problem])
    }

    /// A file operation that failed: `doing` completes “cannot … `path`”.
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io(vec![Problem::new(format!(
            "cannot {doing} `{}`: {}",
            path.display(),
            reason(error)
        ))])
    }

    /// What to tell, in order.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Input(problems) | Self::Bug(problems) | Self::Io(problems) | Self::Differs(problems) => problems,
            Self::Interrupted => &[],
        }
    }

    /// 1 differences, 2 the user's input, 70 our bug, 74 input/output, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Differs(_) => 1,
            Self::Input(_) => 2,
            Self::Bug(_) => 70,
            Self::Io(_) => 74,
            Self::Interrupted => 130,
        }
    }
}

/// The system's words without the error number, lower-case as our messages are.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Input(problems) => Self::Input(problems),
            Error::Bug(problems) => Self::Bug(problems),
        }
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Input(problems)
    }
}

/// A path as the user wrote it, for messages; the current directory has a name of its own.
pub fn shown(path: &Path) -> String {
    if path == Path::new(".") || path == PathBuf::new() {
        "the current directory".into()
    } else {
        format!("`{}`", path.display())
    }
}
