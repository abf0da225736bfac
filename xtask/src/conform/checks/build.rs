//! §5: how the image is built, and what is in it.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::container::config;
use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::{docker, image, lock};

pub const CHECKS: &[Check] = &[
    Check::new("image.labels", "5", "OCI labels", When::Always, labels),
    Check::new(
        "image.contents",
        "5",
        "no build tools or development dependencies in the last stage; no secret, test or `.git` either",
        When::Always,
        contents,
    ),
    Check::new(
        "image.no-secret",
        "5",
        "No credentials in the image's environment or history",
        When::Always,
        no_secret,
    ),
    Check::new(
        "image.multi-stage",
        "5",
        "Multi-stage, exact versions, cache mounts",
        When::Always,
        multi_stage,
    ),
    Check::new(
        "image.layers",
        "5",
        "dependency layers before source: a change of source does not install again (BuildKit's record)",
        When::Always,
        layers,
    )
    .once(),
    Check::new(
        "image.lock-honoured",
        "5",
        "lock file honoured: a lock that contradicts its manifest stops the build",
        When::Always,
        lock_honoured,
    )
    .once(),
];

fn labels(bed: &Bed) -> Result<()> {
    let labels = config(bed)?["Labels"].clone();
    for name in ["title", "description", "version"] {
        let label = &labels[format!("org.opencontainers.image.{name}")];
        ensure!(
            label.as_str().is_some_and(|text| !text.is_empty()),
            "no label {name}: {labels}"
        );
    }
    Ok(())
}

fn contents(bed: &Bed) -> Result<()> {
    let files = image::files(&bed.build.image)?;
    let named = |names: &[&str]| -> Vec<String> {
        let is = |path: &&String| {
            names
                .iter()
                .any(|name| path.ends_with(&format!("/{name}")) || path.as_str() == *name)
        };
        files.iter().filter(is).cloned().collect()
    };
    // A slim base may bring a shell; what builds or fetches has no place.
    let tools = [
        "bin/gcc",
        "bin/cc",
        "bin/g++",
        "bin/make",
        "bin/cmake",
        "bin/git",
        "bin/curl",
        "bin/wget",
        "bin/npm",
        "bin/cargo",
    ];
    let found = named(&tools);
    ensure!(found.is_empty(), "tools in the image: {found:?}");
    let development = lock::manager(&bed.stack.language, &bed.repository.folder)?.development;
    let found: Vec<&String> = files
        .iter()
        .filter(|path| {
            development
                .iter()
                .any(|part| path.ends_with(part) || (part.ends_with('/') && path.contains(part)))
        })
        .take(5)
        .collect();
    ensure!(found.is_empty(), "only development needs {found:?}");
    let ours = |path: &&String| path.matches('/').count() < 2;
    let foreign = [".env", ".git", "compose.yaml", "Makefile", "boatyard.json"];
    let found: Vec<String> = named(&foreign).iter().filter(ours).cloned().collect();
    ensure!(found.is_empty(), "not meant for the image: {found:?}");
    bed.measure("image MB", image::megabytes(&bed.build.image)?);
    let base = image::base(&bed.repository.folder)?;
    if let Ok(size) = image::megabytes(&base) {
        bed.measure("added to base MB", image::megabytes(&bed.build.image)? - size);
    }
    bed.measure("build s", bed.build.seconds);
    Ok(())
}

fn no_secret(bed: &Bed) -> Result<()> {
    let env = config(bed)?["Env"].to_string();
    let history = docker::ok(&["history", "--no-trunc", "--format", "{{.CreatedBy}}", &bed.build.image])?;
    for word in ["PASSWORD=", "SECRET=", "TOKEN=", "DATABASE_URL=", "REDIS_URL=", "_KEY="] {
        ensure!(!env.contains(word), "{word} in the environment");
        ensure!(!history.contains(word), "{word} in the history");
    }
    Ok(())
}

fn multi_stage(bed: &Bed) -> Result<()> {
    let text = bed.repository.read("Dockerfile")?;
    let from: Vec<&str> = text.lines().filter(|line| line.starts_with("FROM ")).collect();
    ensure!(from.len() > 1, "one stage only");
    let stages: Vec<&str> = from
        .iter()
        .filter_map(|line| line.split(" AS ").nth(1))
        .map(str::trim)
        .collect();
    for line in &from {
        let image = line.split_whitespace().nth(1).unwrap_or("");
        if stages.contains(&image) {
            continue;
        }
        let tag = image
            .split('@')
            .next()
            .unwrap_or("")
            .rsplit_once(':')
            .map_or("", |(_, tag)| tag);
        let exact = image.contains('@') || !["", "latest"].contains(&tag);
        ensure!(exact, "`{image}` has no exact version");
    }
    ensure!(text.contains("--mount=type=cache"), "no cache mount");
    Ok(())
}

fn layers(bed: &Bed) -> Result<()> {
    let folder = &bed.repository.folder;
    let source = ["src", "cmd", "internal"]
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_dir());
    let mut source = source.context("no folder of sources")?;
    while source.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(&source)?.flatten().map(|entry| entry.path()).collect();
        entries.sort_by_key(|path| (path.is_dir(), path.clone()));
        source = entries.into_iter().next().context("an empty folder")?;
    }
    let before = fs::read_to_string(&source)?;
    // Blank lines mean nothing in any language; how many of them no earlier run has left in BuildKit's cache.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let blank = 1 + usize::try_from(now.as_millis() % 50_000)?;
    fs::write(&source, format!("{before}{}", "\n".repeat(blank)))?;
    let tag = format!("{}-again", bed.build.image);
    let again = image::build(folder, &tag, &[]);
    fs::write(&source, before)?;
    let again = again?;
    let _ = docker::run(&["image", "rm", "-f", &tag], 60);
    bed.measure("rebuild s", again.seconds);
    let installs = lock::manager(&bed.stack.language, &bed.repository.folder)?.installs;
    let steps: Vec<_> = again
        .steps
        .iter()
        .filter(|step| installs.iter().any(|word| step.name.contains(word)))
        .collect();
    ensure!(!steps.is_empty(), "no step of the build installs dependencies");
    let ran = steps.iter().find(|step| !step.cached);
    ensure!(
        ran.is_none(),
        "ran again after a change of source: {}",
        ran.map_or("", |step| &step.name)
    );
    let compiled = again
        .steps
        .iter()
        .any(|step| !step.cached && step.name.contains("COPY"));
    ensure!(compiled, "the change of source changed nothing in the build");
    Ok(())
}

/// Builds a copy whose lock is emptied of everything it locks.
fn lock_honoured(bed: &Bed) -> Result<()> {
    let manager = lock::manager(&bed.stack.language, &bed.repository.folder)?;
    let folder = bed.folder("lock")?.join("repository");
    crate::conform::workspace::copy(&bed.repository.folder, &folder)?;
    let path = folder.join(manager.lock);
    let text = fs::read_to_string(&path).context("no lock")?;
    fs::write(&path, text.chars().take(text.len() / 3).collect::<String>())?;
    let tag = format!("{}-unlocked", bed.build.image);
    let built = image::build(&folder, &tag, &[]);
    let _ = docker::run(&["image", "rm", "-f", &tag], 60);
    ensure!(built.is_err(), "the image builds with two thirds of its lock gone");
    Ok(())
}
