//! The first commit: `git init` where there is no `.git`, every written file, one commit.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::engine::error::Problem;
use crate::engine::tree::RelPath;

use super::{Output, failed, find, named, run};
use crate::shell::failure::Failure;
use crate::shell::report::Report;

/// Variables by which a surrounding git, such as a hook, would point ours at another repository.
const FOREIGN: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
];

/// Whether git is installed and `directory` lies in a repository of it.
pub fn is_repository(directory: &Path) -> bool {
    let inside =
        std::path::absolute(directory).is_ok_and(|path| path.ancestors().any(|above| above.join(".git").exists()));
    inside && find("git").is_some()
}

/// Whether `directory` would lie inside somebody's repository.
pub fn inside_repository(directory: &Path) -> bool {
    // Where it really lies: by its words `../orders` would be inside the directory that it leaves.
    let above = match directory.canonicalize() {
        Ok(path) => path.parent().map(Path::to_owned),
        Err(_) => std::path::absolute(directory)
            .ok()
            .and_then(|path| path.parent()?.canonicalize().ok()),
    };
    above.is_some_and(|above| above.ancestors().any(|one| one.join(".git").exists()))
}

/// Commits `files` of the new repository in `directory`; gives the commit's id.
///
/// # Errors
/// git is missing, knows nobody to commit as, or fails; the files stay.
pub fn commit(directory: &Path, files: &[RelPath], message: &str, report: &Report) -> Result<String, Failure> {
    if find("git").is_none() {
        let problem = Problem::new("`--git` needs `git`, which is not installed");
        return Err(failed(
            problem.hint("the repository is complete; commit it when git is there"),
        ));
    }
    if !directory.join(".git").exists() {
        must(directory, &["init", "--quiet", "--initial-branch=main"], None)?;
    }
    for identity in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"] {
        if !git(directory, &["var", identity], None)?.success {
            return Err(failed(Problem::new("git does not know who commits").hint(
                "tell it: `git config --global user.name \"Your Name\"` and \
                 `git config --global user.email you@example.com`, then `git add --all` and `git commit`",
            )));
        }
    }
    // By name and by force: exactly what was written, whatever the user's own ignore file says.
    let list: String = files.iter().map(|file| format!("{file}\0")).collect();
    must(
        directory,
        &["add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"],
        Some(list.as_bytes()),
    )?;
    must(directory, &["commit", "--quiet", "--message", message], None)?;
    let id = must(directory, &["rev-parse", "HEAD"], None)?.text.trim().to_owned();
    report.done(&format!(
        "committed {} files as `{}`",
        files.len(),
        id.get(..8).unwrap_or(&id)
    ));
    Ok(id)
}

fn must(directory: &Path, args: &[&str], input: Option<&[u8]>) -> Result<Output, Failure> {
    let output = git(directory, args, input)?;
    if output.success {
        return Ok(output);
    }
    let problem = Problem::new(format!("`git {}` failed{}", args.first().unwrap_or(&""), output.tail()));
    Err(failed(problem.hint(
        "the repository is complete; `git add --all` and `git commit` there do the rest",
    )))
}

/// Runs git in a directory, and nowhere else.
pub(super) fn git(directory: &Path, args: &[&str], input: Option<&[u8]>) -> Result<Output, Failure> {
    let mut command = Command::new("git");
    command.args(args).current_dir(directory);
    for name in FOREIGN {
        command.env_remove(name);
    }
    run(command, input, || std::thread::sleep(Duration::from_millis(2))).map_err(|error| named("git", error))
}
