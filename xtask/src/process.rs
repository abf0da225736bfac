//! Running commands: captured, bounded in time, with the command line in every error.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a finished command left behind.
#[derive(Debug)]
pub struct Output {
    /// Exit status; 128 + n when a signal ended it
    pub code: i32,
    /// Standard output, lossily decoded
    pub stdout: String,
    /// Standard error, lossily decoded
    pub stderr: String,
    /// Wall time
    pub elapsed: Duration,
}

impl Output {
    /// Both streams, error first: what a person wants to read after a failure.
    pub fn text(&self) -> String {
        format!("{}{}", self.stderr, self.stdout)
    }
}

/// Runs a command to its end, whatever its exit status; an error only when it
/// cannot start or takes longer than `limit`.
pub fn run(command: &mut Command, limit: Duration) -> Result<Output> {
    let line = shown(command);
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let Some(status) = wait(&mut child, limit)? else {
        let _ = child.kill();
        let _ = child.wait();
        bail!("`{line}` took longer than {} s", limit.as_secs());
    };
    Ok(Output {
        code: code(status),
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
        elapsed: started.elapsed(),
    })
}

/// Runs a command that must succeed and gives its output.
pub fn ok(command: &mut Command, limit: Duration) -> Result<Output> {
    let output = run(command, limit)?;
    if output.code != 0 {
        bail!(
            "`{}` ended with {}: {}",
            shown(command),
            output.code,
            tail(&output.text(), 2000)
        );
    }
    Ok(output)
}

/// The last `limit` bytes of a text, cut at a character.
pub fn tail(text: &str, limit: usize) -> &str {
    let text = text.trim_end();
    let mut start = text.len().saturating_sub(limit);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() > limit {
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn drain(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
