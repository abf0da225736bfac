//! Long texts for people: through their pager on a terminal, as they are everywhere else.

use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

use super::find;

/// Prints a text on standard output.
pub fn show(text: &str) {
    if std::io::stdout().is_terminal() && paged(text) {
        return;
    }
    // A reader that went away is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Whether a pager showed it.
fn paged(text: &str) -> bool {
    let wish = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    let words = shlex::split(&wish).unwrap_or_default();
    let Some((program, args)) = words.split_first().filter(|(program, _)| *program != "cat") else {
        return false;
    };
    if find(program).is_none() && !program.contains('/') {
        return false;
    }
    // As git does: short texts are not held back, colours are shown.
    let less = std::env::var_os("LESS").is_none().then_some(("LESS", "FRX"));
    let child = Command::new(program)
        .args(args)
        .envs(less)
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        return false;
    };
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(text.as_bytes());
    }
    let _ = child.wait();
    true
}
