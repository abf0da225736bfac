//! Taking the last update back.

use crate::engine::error::Problem;
use crate::engine::tree::Found;
use crate::shell::disk::place::found;
use crate::shell::failure::Failure;

use super::steps::{self, Step, content, stands};
use super::{Journal, LAST};

impl Journal<'_> {
    /// The steps that take the last update back.
    ///
    /// # Errors
    /// There is none, or files changed since; `anyway` takes it back in spite of that.
    pub fn undo(&self, anyway: bool) -> Result<Vec<Step>, Failure> {
        let nothing = || {
            Failure::input(
                Problem::new("there is no update to take back")
                    .hint("only the last update can be taken back, and once"),
            )
        };
        if !self.folder.join(LAST).exists() {
            return Err(nothing());
        }
        let (steps, undo) = steps::read(&self.folder.join(LAST))?;
        if undo {
            return Err(nothing());
        }
        let mut back = Vec::new();
        let mut problems = Vec::new();
        for step in steps {
            let here = found(self.root, &step.path)?;
            if !stands(&here, step.new.as_ref()) && !anyway {
                problems.push(
                    Problem::new(format!("`{}` changed since the update", step.path))
                        .hint("`--allow-dirty` takes the update back all the same"),
                );
            }
            match here {
                Found::Other(what) => problems.push(Problem::new(format!("`{}` is {what} now", step.path))),
                here => back.push(Step {
                    path: step.path,
                    old: content(&here),
                    new: step.old,
                }),
            }
        }
        match problems.is_empty() {
            true => Ok(back),
            false => Err(Failure::Input(problems)),
        }
    }
}
