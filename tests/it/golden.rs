//! Files that hold what the program should give; `UPDATE=1 cargo test` rewrites them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use boatyard::engine::answers::Answers;
use boatyard::engine::catalog::Catalog;
use boatyard::engine::draft::{Draft, Source};
use boatyard::engine::resolve::VERSION;
use boatyard::shell::embedded;
use similar::TextDiff;

/// The repository's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The embedded catalog, read once.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        embedded::catalog().unwrap_or_else(|error| panic!("the catalog contradicts itself:\n{error}"))
    });
    &CATALOG
}

/// Whether goldens are being rewritten.
pub fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Answers from `key=value` pairs, the rest by default.
pub fn answers(catalog: &Catalog, pairs: &[(&str, &str)]) -> Answers {
    let sources: Vec<Source> = pairs
        .iter()
        .map(|(key, value)| Source::single("the test", key, (*value).into()))
        .collect();
    let (draft, problems) = Draft::read(&sources, catalog, VERSION);
    assert_eq!(problems, [], "{pairs:?}");
    draft
        .with_defaults(catalog, Some("Orders".into()))
        .complete(catalog)
        .unwrap_or_else(|problems| panic!("{pairs:?}: {problems:?}"))
}

/// Compares `text` with the golden file, or rewrites it.
pub fn golden(path: &Path, text: &str) {
    let old = fs::read_to_string(path).unwrap_or_default();
    if old == text {
        return;
    }
    if updating() {
        fs::create_dir_all(path.parent().expect("a golden lies in a folder")).expect("create the golden's folder");
        fs::write(path, text).expect("write the golden");
        return;
    }
    let diff = TextDiff::from_lines(&old, text);
    panic!(
        "`{}` is not what the program gives; `UPDATE=1 cargo test` takes the new text over\n{}",
        path.display(),
        diff.unified_diff().context_radius(2).header("golden", "now")
    );
}
