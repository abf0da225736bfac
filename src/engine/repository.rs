//! The whole repository: what templates give, and the three files that Boatyard keeps for itself.

use super::answers::{Answers, SCHEMA_PATH};
use super::base::{BASE_PATH, Base, Entry, Files};
use super::catalog::Catalog;
use super::error::{Error, Problem};
use super::plan::Plan;
use super::render::render;
use super::resolve::{VERSION, resolve};
use super::schema;
use super::tree::{File, Policy, RelPath, Tree};

/// Where the answers lie.
pub const ANSWERS_PATH: &str = "boatyard.json";

/// What Boatyard's own files have for an id.
const OWN: &str = "boatyard";

/// The plan for these answers and every file of the repository.
///
/// # Errors
/// As [`resolve`] and [`render`].
pub fn generate(answers: &Answers, catalog: &Catalog) -> Result<(Plan, Tree), Error> {
    let (plan, outputs) = outputs(answers, catalog)?;
    let mut tree: Tree = outputs
        .iter()
        .map(|(path, entry)| (path.clone(), entry.file.clone()))
        .collect();
    let base = Base {
        boatyard: VERSION.to_owned(),
        answers: answers.to_document(catalog),
        adopted: false,
        files: outputs,
    };
    insert(&mut tree, ANSWERS_PATH, answers.to_text(catalog))?;
    insert(&mut tree, BASE_PATH, base.to_text())?;
    Ok((plan, tree))
}

/// The plan for these answers and every file that it gives, with the id that stays when the file moves; without the
/// answers and the base, which an update makes by itself.
///
/// # Errors
/// As [`resolve`] and [`render`].
pub fn outputs(answers: &Answers, catalog: &Catalog) -> Result<(Plan, Files), Error> {
    let plan = resolve(answers, catalog)?;
    let mut tree = render(&plan, catalog)?;
    insert(&mut tree, SCHEMA_PATH, format!("{:#}\n", schema::answers(catalog)))?;
    let files = entries(&plan, tree);
    Ok((plan, files))
}

/// The same repository without a word of Boatyard.
///
/// # Errors
/// As [`resolve`] and [`render`].
pub fn ejected(answers: &Answers, catalog: &Catalog) -> Result<(Plan, Files), Error> {
    let plan = Plan {
        own: Vec::new(),
        ..resolve(answers, catalog)?
    };
    let files = entries(&plan, render(&plan, catalog)?);
    Ok((plan, files))
}

fn entries(plan: &Plan, tree: Tree) -> Files {
    let entry = |(path, file)| {
        let output = plan.outputs.iter().find(|output| output.path == path);
        let id = output.map_or_else(|| format!("{OWN}:{path}"), |output| output.id.clone());
        (path, Entry::new(file, id))
    };
    tree.into_iter().map(entry).collect()
}

fn insert(tree: &mut Tree, path: &str, text: String) -> Result<(), Error> {
    let path = RelPath::parse(path).map_err(|problem| Error::Bug(vec![Problem::new(format!("`{path}` {problem}"))]))?;
    if tree.contains_key(&path) {
        return Err(Error::Bug(vec![Problem::new(format!(
            "a template gives `{path}`, which is Boatyard's own"
        ))]));
    }
    tree.insert(path, File::new(text, Policy::Managed));
    Ok(())
}
