//! From a plan to a tree: every output's template is rendered with the plan as its context.

use super::catalog::Catalog;
use super::error::{Error, Problem};
use super::plan::Plan;
use super::tree::{File, Tree};

pub mod environment;

/// Renders every output of the plan; one that renders to white space alone is left out.
///
/// # Errors
/// [`Error::Bug`]: a template that fails is a defect of Boatyard, named with its line.
pub fn render(plan: &Plan, catalog: &Catalog) -> Result<Tree, Error> {
    let printer = environment::Printer::new(plan, catalog).map_err(bug)?;
    let mut tree = Tree::new();
    for output in &plan.outputs {
        let text = printer.print(output).map_err(bug)?;
        if !text.trim().is_empty() {
            tree.insert(output.path.clone(), File::new(finish(&text), output.policy));
        }
    }
    Ok(tree)
}

fn bug(error: minijinja::Error) -> Error {
    let place = match (error.name(), error.line()) {
        (Some(name), Some(line)) => format!("`templates/{name}` line {line}"),
        _ => "a template".to_owned(),
    };
    Error::Bug(vec![Problem::new(format!("{place}: {error}")).hint(
        "this is a defect of boatyard: please report the template, the line and your `boatyard.json`",
    )])
}

/// Ends the text in exactly one newline.
fn finish(text: &str) -> String {
    format!("{}\n", text.trim_end_matches(['\n', ' ']).trim_start_matches('\n'))
}
