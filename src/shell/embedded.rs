//! The catalog that is compiled in; the only file that knows `include_dir`.

use include_dir::{Dir, include_dir};

use crate::engine::catalog::Catalog;
use crate::engine::error::{Error, Problem};

static STACKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/stacks");
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Reads the embedded catalog.
///
/// # Errors
/// [`Error::Bug`] when it contradicts itself, which the tests rule out for a release.
pub fn catalog() -> Result<Catalog, Error> {
    let (mut stacks, mut templates) = (Vec::new(), Vec::new());
    files(&STACKS, &mut stacks)?;
    files(&TEMPLATES, &mut templates)?;
    Catalog::load(
        stacks.iter().map(|(path, text)| (path.as_str(), *text)),
        templates.iter().map(|(path, text)| (path.as_str(), *text)),
    )
}

fn files(dir: &Dir<'static>, into: &mut Vec<(String, &'static str)>) -> Result<(), Error> {
    for file in dir.files() {
        // On Windows the embedded paths carry backslashes.
        let path = file.path().to_string_lossy().replace('\\', "/");
        let text = file
            .contents_utf8()
            .ok_or_else(|| Error::Bug(vec![Problem::new(format!("the embedded file `{path}` is not UTF-8"))]))?;
        into.push((path, text));
    }
    dir.dirs().try_for_each(|dir| files(dir, into))
}
