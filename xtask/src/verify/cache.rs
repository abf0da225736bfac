//! The user's cache folder: what is installed once and used by every later run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// `$XDG_CACHE_HOME/boatyard`, or its usual place below the home folder.
pub fn folder() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => PathBuf::from(std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?).join(".cache"),
    };
    Ok(base.join("boatyard"))
}

/// The folder `<kind>-<digest of key>`, filled by `fill` when no earlier run completed it.
///
/// It is filled in place, because a virtual environment cannot be moved: a marker says
/// that it is complete, and a lock keeps a second run from filling it at the same time.
pub fn once(kind: &str, key: &[&[u8]], fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let parent = folder()?.join("tools");
    fs::create_dir_all(&parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let name = format!("{kind}-{}", digest(key));
    let folder = parent.join(&name);
    let marker = folder.join(".complete");
    if marker.exists() {
        return Ok(folder);
    }
    let lock = File::create(parent.join(format!("{name}.lock")))?;
    lock.lock()?;
    if !marker.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fill(&folder)?;
        fs::write(&marker, "")?;
    }
    Ok(folder)
}

/// A short digest of several texts; the boundary between them counts.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
