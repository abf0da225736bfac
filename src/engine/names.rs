//! The project's name in every form that a repository needs, decided once.

use deunicode::deunicode;
use heck::{ToKebabCase, ToShoutySnakeCase, ToSnakeCase};
use schemars::JsonSchema;
use serde::Serialize;

use super::error::Problem;
use super::tree::is_device;

/// Longest slug: room for a suffix such as `-production` inside the 63 bytes of a DNS label.
const LONGEST: usize = 40;

/// Words that a package, module, database or command of the repository would shadow in one of the languages.
const RESERVED: &[&str] = &[
    "app",
    "boatyard",
    "bin",
    "build",
    "cmd",
    "code",
    "config",
    "dist",
    "docs",
    "favicon-ico",
    "fs",
    "go",
    "http",
    "https",
    "internal",
    "json",
    "lib",
    "main",
    "migrations",
    "mongo",
    "net",
    "node",
    "node-modules",
    "os",
    "postgres",
    "public",
    "python",
    "redis",
    "root",
    "server",
    "site",
    "src",
    "stdlib",
    "stream",
    "string",
    "sys",
    "template0",
    "template1",
    "test",
    "tests",
    "toolchain",
    "url",
    "valkey",
    "vendor",
];

/// One name, spelled for each place that has rules of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Names {
    /// As typed, without surrounding space: titles and sentences.
    pub name: String,
    /// `orders-api`: directory, npm package, image, compose project; `[a-z0-9-]`, 1 to 40 bytes, holds a letter.
    pub slug: String,
    /// `orders-api`: a DNS label that starts with a letter (RFC 1035), for Kubernetes and host names.
    pub dns: String,
    /// `orders_api`: Postgres database, Terraform and Python identifier; starts with a letter.
    pub snake: String,
    /// `ORDERS_API`: prefix of environment variables; starts with a letter.
    pub env_prefix: String,
}

impl Names {
    /// Spells `name` in all its forms.
    ///
    /// # Errors
    /// The name is empty, too long, holds something that is no name, or means something else to a tool of the repository.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        let name = name.trim();
        if let Some(problem) = refuse_characters(name) {
            return Err(problem);
        }
        let slug = deunicode(name)
            .replace(['\'', '’'], "")
            .to_kebab_case()
            .trim_matches('-')
            .to_owned();
        if !slug.contains(|c: char| c.is_ascii_lowercase()) {
            return Err(Problem::new(format!("the name `{name}` holds no letter"))
                .hint("start from a word, such as `orders` or `orders-api`"));
        }
        if slug.len() > LONGEST {
            return Err(Problem::new(format!(
                "the name becomes `{}…`, {} characters where {LONGEST} fit into host and resource names",
                &slug[..20],
                slug.len()
            ))
            .hint("choose a shorter name; the description has room for the rest"));
        }
        if RESERVED.contains(&slug.as_str()) || is_device(&slug) {
            return Err(Problem::new(format!(
                "the name `{slug}` already means something to a tool of the repository"
            ))
            .hint(format!("add a word, such as `{slug}-service`")));
        }
        // Identifiers and DNS labels of RFC 1035 must not start with a digit.
        let lettered = if slug.starts_with(|c: char| c.is_ascii_digit()) {
            format!("app-{slug}")
        } else {
            slug.clone()
        };
        Ok(Self {
            name: name.to_owned(),
            snake: lettered.to_snake_case(),
            env_prefix: lettered.to_shouty_snake_case(),
            dns: lettered,
            slug,
        })
    }
}

fn refuse_characters(name: &str) -> Option<Problem> {
    if name.is_empty() {
        return Some(Problem::new("the name is empty").hint("name the service, such as `orders`"));
    }
    if name.chars().count() > 200 {
        let count = name.chars().count();
        return Some(
            Problem::new(format!("the name has {count} characters where 200 are the most"))
                .hint("choose a shorter name; the description has room for the rest"),
        );
    }
    if let Some(bad) = name
        .chars()
        .find(|c| c.is_control() || "/\\:*?\"<>|`${}@#%&=;".contains(*c))
    {
        return Some(
            Problem::new(format!("the name `{}` holds {bad:?}", visible(name)))
                .hint("use letters, digits, spaces, `-`, `_` and `.`; the directory is a separate argument"),
        );
    }
    if name.starts_with(['.', '-']) {
        return Some(
            Problem::new(format!("the name `{name}` starts with `{}`", &name[..1]))
                .hint("start with a letter or a digit"),
        );
    }
    None
}

/// The name with what a terminal would not show spelled out.
fn visible(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            _ if c.is_control() => text.extend(c.escape_debug()),
            _ => text.push(c),
        }
    }
    text
}
