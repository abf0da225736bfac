//! What is done to a written repository when it was asked for: lock files and the first commit. No other program is run.

use std::fmt::Write as _;
use std::io::{Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::engine::error::Problem;
use crate::engine::facts::Lock;
use crate::engine::tree::RelPath;

use super::failure::{Failure, reason};
use super::interrupt;
use super::report::Report;

pub mod commit;
pub mod index;
pub mod offers;
pub mod pager;

/// The program on the search path, if it is there.
pub fn find(program: &str) -> Option<PathBuf> {
    let names = match cfg!(windows) {
        true => vec![format!("{program}.exe"), format!("{program}.cmd")],
        false => vec![program.to_owned()],
    };
    std::env::split_paths(&std::env::var_os("PATH")?)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.is_file())
}

/// Lets the package manager make its lock file.
///
/// # Errors
/// It is missing or fails; says how to do it later.
pub fn lock(directory: &Path, lock: &Lock, report: &Report) -> Result<RelPath, Failure> {
    let later = format!(
        "the repository is complete without it; `{}` there locks it later",
        lock.command()
    );
    let Some(program) = find(&lock.program) else {
        let message = format!("`--lock` needs `{}`, which is not installed", lock.program);
        return Err(failed(Problem::new(message).hint(later)));
    };
    let mut command = Command::new(program);
    command.args(&lock.args).current_dir(directory);
    let output = watched(
        command,
        &format!("locking the dependencies: {}", lock.command()),
        report,
    )?;
    if !output.success {
        let message = format!("`{}` failed{}", lock.command(), output.tail());
        return Err(failed(Problem::new(message).hint(later)));
    }
    if !directory.join(lock.file.as_str()).is_file() {
        let message = format!("`{}` made no `{}`", lock.command(), lock.file);
        return Err(failed(Problem::new(message).hint(later)));
    }
    report.done(&format!("locked the dependencies in `{}`", lock.file));
    Ok(lock.file.clone())
}

/// What a program did.
struct Output {
    success: bool,
    text: String,
}

impl Output {
    /// The last lines of what it said, indented below the message.
    fn tail(&self) -> String {
        let lines: Vec<&str> = self.text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(6)..]
            .iter()
            .fold(String::from(":"), |mut text, line| {
                let _ = write!(text, "\n  {line}");
                text
            })
    }
}

/// Runs a program while a spinner turns; it reads nothing, and what it says is kept for a message.
fn watched(command: Command, doing: &str, report: &Report) -> Result<Output, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let spinner = report.spinner(doing);
    let output = run(command, None, || {
        spinner.tick();
        std::thread::sleep(Duration::from_millis(60));
    });
    spinner.finish_and_clear();
    output.map_err(|error| named(&name, error))
}

/// Runs a program with `input`, calling `wait` between looks at whether it has ended.
fn run(mut command: Command, input: Option<&[u8]>, wait: impl Fn()) -> Result<Output, Option<std::io::Error>> {
    // Files instead of pipes: no reader threads, no deadlock.
    let mut said = tempfile::tempfile().map_err(Some)?;
    let read = match input {
        Some(bytes) => {
            let mut file = tempfile::tempfile().map_err(Some)?;
            file.write_all(bytes)
                .and_then(|()| file.seek(SeekFrom::Start(0)))
                .map_err(Some)?;
            Stdio::from(file)
        }
        None => Stdio::null(),
    };
    let out = said.try_clone().map_err(Some)?;
    let err = said.try_clone().map_err(Some)?;
    let mut child = command.stdin(read).stdout(out).stderr(err).spawn().map_err(Some)?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(Some)? {
            break status;
        }
        if interrupt::asked() {
            stop(&mut child);
            return Err(None);
        }
        wait();
    };
    if interrupt::asked() {
        return Err(None);
    }
    let mut text = Vec::new();
    said.seek(SeekFrom::Start(0))
        .and_then(|_| said.read_to_end(&mut text))
        .map_err(Some)?;
    Ok(Output {
        success: ExitStatus::success(&status),
        text: String::from_utf8_lossy(&text).into_owned(),
    })
}

/// A terminal's Ctrl-C reached the child as well: it gets a moment to clean up.
fn stop(child: &mut std::process::Child) {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(2) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn named(program: &str, error: Option<std::io::Error>) -> Failure {
    match error {
        Some(error) => failed(Problem::new(format!("cannot run `{program}`: {}", reason(&error)))),
        None => Failure::Interrupted,
    }
}

/// A step that was asked for and not done; the repository stays as it is.
fn failed(problem: Problem) -> Failure {
    Failure::Io(vec![problem])
}
