//! A repository that means harm: long, deep, binary and half files. Nothing panics, nothing takes long.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use boatyard::engine::detect::{self, Seen, pattern};
use boatyard::engine::tree::RelPath;
use proptest::prelude::*;

use super::{lay, run};
use crate::golden::catalog;

/// Files that places are about.
const READ: &[&str] = &[
    "package.json",
    "pyproject.toml",
    "go.mod",
    "compose.yaml",
    ".github/workflows/ci.yml",
    "Dockerfile",
    ".env.example",
    "requirements.txt",
    "shop/settings.py",
    "schema.prisma",
];

#[test]
fn large_and_deep_files_do_no_harm() {
    let deep = [
        ("package.json", "{\"dependencies\":".repeat(10_000)),
        ("pyproject.toml", format!("x = {}", "[".repeat(20_000))),
        ("compose.yaml", "services: {a: ".repeat(5_000)),
        ("compose.prod.yaml", "- ".repeat(20_000)),
        (
            ".github/workflows/ci.yml",
            format!("jobs:\n{}", "  &a *a : *a\n".repeat(2_000)),
        ),
        ("go.mod", "require (\n".repeat(10_000)),
        (".env.example", "=".repeat(400_000)),
        ("requirements.txt", format!("{}\n", "x".repeat(400_000))),
        ("Dockerfile", "FROM \u{0}\r\r\n".repeat(10_000)),
    ];
    let place = lay("express-postgres");
    for (path, text) in &deep {
        place.write(&format!("repo/{path}"), text);
    }
    place.write("repo/api/package.json", &" ".repeat(600 * 1024));
    // Whoever takes long is taken for one that hangs.
    let out = run(&place, &["adopt", "--dry-run"]).done();
    assert!(
        out.stderr
            .contains("`api/package.json` is too large to be read for signs"),
        "{}",
        out.stderr
    );
}

#[test]
fn patterns_mean_what_they_say() {
    for (pattern, path, fits) in [
        ("package.json", "package.json", true),
        ("package.json", "web/package.json", true),
        ("./package.json", "web/package.json", false),
        ("./package.json", "package.json", true),
        ("*.ts", "src/a/b.ts", true),
        ("*.ts", "b.tsx", false),
        ("./src/*.ts", "src/a/b.ts", false),
        ("./src/**", "src/a/b.ts", true),
        ("./src/**", "lib/src/a.ts", false),
        ("**/k8s/*.yaml", "deploy/k8s/a.yaml", true),
        ("**/k8s/*.yaml", "deploy/k8s/a/b.yaml", false),
        ("**/k8s/*.yaml", "a/k8s/b/k8s/c.yaml", true),
        ("*compose*.y*ml", "docker-compose.prod.yml", true),
    ] {
        assert_eq!(pattern::path(pattern, path), fits, "{pattern} {path}");
    }
    for (pattern, name, fits) in [
        ("postgres", "Postgres", true),
        ("*/postgres", "docker.io/library/postgres", true),
        ("postgres", "docker.io/library/postgres", false),
        ("POSTGRES_*", "POSTGRES_PASSWORD", true),
        ("uv-build", "uv_build", true),
        ("github.com/jackc/pgx*", "github.com/jackc/pgx/v5", true),
        ("", "", true),
        ("*", "", true),
    ] {
        assert_eq!(pattern::name(pattern, name), fits, "{pattern} {name}");
    }
    let begin = Instant::now();
    assert!(!pattern::name(&format!("{}c", "a*".repeat(100)), &"ab".repeat(149)));
    assert!(!pattern::path(&"*a".repeat(200), &"a/".repeat(400)));
    assert!(begin.elapsed() < Duration::from_secs(5));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64))
    })]

    /// Whatever the files hold, something is found out, the same every time, and only of files that are there.
    #[test]
    fn any_texts_are_read(texts in prop::collection::vec((0..READ.len(), prop_oneof!["\\PC{0,200}", "[a-z:\\[\\]{}\",'\n #=<*&-]{0,200}", "(\"dependencies\"|services|image|FROM|:|\\{|\\}|\n| |\"pg\"|,|\\[|\\]|postgres|=){0,40}"]), 0..6)) {
        let texts: BTreeMap<RelPath, String> = texts
            .into_iter()
            .map(|(at, text)| (RelPath::parse(READ[at]).expect("a path"), text))
            .collect();
        let seen = Seen { files: texts.keys().cloned().collect(), texts };
        let findings = detect::findings(&seen, "orders", &BTreeMap::new(), catalog());
        prop_assert_eq!(&findings, &detect::findings(&seen, "orders", &BTreeMap::new(), catalog()));
        for evidence in findings.iter().flat_map(|finding| &finding.evidence) {
            let lines = seen.texts[&evidence.path].lines().count();
            prop_assert!(evidence.line.is_none_or(|line| (1..=lines).contains(&line)), "{:?}", evidence);
            prop_assert!(evidence.text.chars().all(|c| !c.is_control()));
        }
    }
}
