//! The command that gives the same repository, as a shell reads it.
#![cfg(unix)]

use boatyard::engine::next::{command, quoted};

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_long_command_is_broken_before_flags() {
    let all = words(&[
        "boatyard",
        "new",
        "my dir",
        "--name",
        "Rosie's shop",
        "--database",
        "none",
        "--lock",
    ]);
    for (width, expected) in [
        (
            80,
            "boatyard new 'my dir' --name \"Rosie's shop\" --database none --lock",
        ),
        (
            50,
            "boatyard new 'my dir' --name \"Rosie's shop\" \\\n    --database none --lock",
        ),
        (
            10,
            "boatyard new 'my dir' \\\n    --name \"Rosie's shop\" \\\n    --database none \\\n    --lock",
        ),
    ] {
        let text = command(&all, width);
        assert_eq!(text, expected);
        assert_eq!(read_by_a_shell(&text), all, "{width}");
    }
}

#[test]
fn a_shell_reads_every_word_back() {
    let all = [
        "a b", "it's", "\"", "$HOME", "`id`", "\\", "!x", "*", "~", "", "é", "a\nb", "#", "x=y", "{a,b}", "--",
    ];
    assert_eq!(read_by_a_shell(&quoted(all)), all);
}

fn read_by_a_shell(line: &str) -> Vec<String> {
    let script = format!("printf '%s\\0' {line}");
    let out = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .expect("sh");
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}
