//! Version numbers that a bot moved ahead are kept; everything else that only looks like one is not touched.

use boatyard::engine::merge::version::{Ahead, ahead, only_versions};

/// base | ours | theirs | who is ahead
const LINES: &[[&str; 4]] = &[
    [r#""zod": "4.6.7""#, r#""zod": "4.7.0""#, r#""zod": "4.6.9""#, "ours"],
    [r#""zod": "4.6.7""#, r#""zod": "4.6.9""#, r#""zod": "4.10.0""#, "theirs"],
    [r#""zod": "^4.6""#, r#""zod": "^5.0""#, r#""zod": "^4.9""#, "ours"],
    [r#""zod": "^4.6""#, r#""zod": "~4.9""#, r#""zod": "^4.9""#, "-"],
    ["zod = \"4.6.7\"", "zod = \"5.0.0-rc.1\"", "zod = \"5.0.0\"", "theirs"],
    ["fastapi==0.120.1", "fastapi==0.121.0", "fastapi==0.120.4", "ours"],
    [
        "fastapi[standard]>=0.120",
        "fastapi[standard]>=0.121",
        "fastapi[standard]>=0.122",
        "theirs",
    ],
    [
        "image: postgres:18.6-trixie",
        "image: postgres:18.7-trixie",
        "image: postgres:19.0-trixie",
        "theirs",
    ],
    [
        "FROM node:24.21.0-trixie-slim",
        "FROM node:26.0.0-trixie-slim",
        "FROM node:24.22.0-trixie-slim",
        "ours",
    ],
    [
        "FROM node:24.21.0-trixie-slim",
        "FROM node:26.0.0-alpine",
        "FROM node:24.22.0-trixie-slim",
        "-",
    ],
    [
        "\tgithub.com/jackc/pgx/v5 v5.7.1",
        "\tgithub.com/jackc/pgx/v5 v5.8.0",
        "\tgithub.com/jackc/pgx/v5 v5.7.6",
        "ours",
    ],
    [
        "uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
        "uses: actions/checkout@1111111111111111111111111111111111111111 # v7.0.0",
        "uses: actions/checkout@2222222222222222222222222222222222222222 # v6.1.0",
        "ours",
    ],
    // Digests alone say nothing.
    [
        "uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd",
        "uses: actions/checkout@1111111111111111111111111111111111111111",
        "uses: actions/checkout@2222222222222222222222222222222222222222",
        "-",
    ],
    [
        "uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v7.0.0",
        "uses: actions/checkout@1111111111111111111111111111111111111111 # v7.0.0",
        "uses: actions/checkout@2222222222222222222222222222222222222222 # v7.0.0",
        "-",
    ],
    // Somebody went back on purpose.
    [r#""zod": "4.6.7""#, r#""zod": "3.9.0""#, r#""zod": "4.6.9""#, "-"],
    // We went back, a bot did not.
    [r#""zod": "4.6.7""#, r#""zod": "4.6.8""#, r#""zod": "4.5.0""#, "ours"],
    // Two versions that disagree.
    ["a 1.0.0 b 1.0.0", "a 2.0.0 b 1.0.0", "a 1.0.0 b 2.0.0", "-"],
    ["a 1.0.0 b 1.0.0", "a 2.0.0 b 2.0.0", "a 1.0.0 b 2.0.0", "ours"],
    // No versions: limits, ports, addresses, times, words.
    ["cpus: 0.5", "cpus: 0.75", "cpus: 0.6", "-"],
    ["--ratio=0.5", "--ratio=0.75", "--ratio=0.6", "-"],
    ["${RATIO:-0.5}", "${RATIO:-0.75}", "${RATIO:-0.6}", "-"],
    ["timeout: 30", "timeout: 60", "timeout: 45", "-"],
    [
        "- 127.0.0.1:3000:3000",
        "- 127.0.0.1:4000:3000",
        "- 127.0.0.1:3001:3000",
        "-",
    ],
    ["subnet 10.0.0.0", "subnet 10.1.0.0", "subnet 10.2.0.0", "-"],
    ["redis://redis:6379", "redis://redis:6380", "redis://redis:6381", "-"],
    ["1.2.3 one", "1.2.4 two", "1.2.5 one", "-"],
    ["one", "two", "three", "-"],
    ["", "", "", "-"],
];

#[test]
fn the_side_that_is_ahead() {
    for [base, ours, theirs, expected] in LINES {
        let found = match ahead(base, ours, theirs) {
            Some(Ahead::Ours) => "ours",
            Some(Ahead::Theirs) => "theirs",
            None => "-",
        };
        assert_eq!(found, *expected, "{base} | {ours} | {theirs}");
    }
}

#[test]
fn a_version_alone() {
    assert!(only_versions("zod 4.6.7", "zod 4.7.0"));
    assert!(!only_versions("zod 4.6.7", "zed 4.6.7"));
    assert!(!only_versions("zod", "zod"));
}
