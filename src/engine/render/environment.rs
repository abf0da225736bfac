//! How templates are read: delimiters, strictness, filters, slots. Nowhere else decides that.

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, context};
use serde::Serialize;

use crate::engine::catalog::Catalog;
use crate::engine::environments::Environment as Place;
use crate::engine::plan::{Output, Plan};

/// Triple braces leave the syntax of GitHub, Helm, Go, Prometheus, shells and HCL alone.
fn bare<'source>() -> Result<Environment<'source>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .block_delimiters("{{%", "%}}")
            .variable_delimiters("{{{", "}}}")
            .comment_delimiters("{{#", "#}}")
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_debug(true);
    environment.add_filter("json", json);
    environment.add_filter("shell_make", |text: &str| text.replace('$', "$$"));
    Ok(environment)
}

/// A value as JSON on one line: also a quoted string of YAML, TOML, HCL, TypeScript and Go.
fn json(value: Value) -> Result<String, Error> {
    serde_json::to_string(&value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

/// Renders one short text, such as a fact's placeholder.
///
/// # Errors
/// The text does not parse, or names something that the context lacks.
pub fn text(text: &str, context: &impl Serialize) -> Result<String, Error> {
    bare()?.render_str(text, Value::from(Serde(context)))
}

/// Prints the templates of one plan, which they see whole, and the last of its environments, where
/// a release ends and a runbook is read, as `production`.
pub struct Printer<'a> {
    environment: Environment<'a>,
    context: Value,
    environments: &'a [Place],
}

impl<'a> Printer<'a> {
    /// Reads every template that the plan needs.
    ///
    /// # Errors
    /// A template does not parse.
    pub fn new(plan: &'a Plan, catalog: &'a Catalog) -> Result<Self, Error> {
        let mut environment = bare()?;
        let parts = plan.slots.values().flatten();
        for template in plan.outputs.iter().map(|output| &output.template).chain(parts) {
            let text = catalog
                .templates
                .get(template)
                .ok_or_else(|| Error::new(ErrorKind::TemplateNotFound, template.clone()))?;
            environment.add_template(template, text)?;
        }
        let production = plan.environments.last().map(|of| Value::from(Serde(of)));
        let context = context! { production, ..Value::from(Serde(plan)) };
        let (slots, inner) = (Arc::new(plan.slots.clone()), context.clone());
        environment.add_function(
            "slot",
            move |state: &minijinja::State, name: &str| -> Result<Vec<String>, Error> {
                let templates = slots.get(name).map_or(&[][..], Vec::as_slice);
                templates
                    .iter()
                    .map(|template| {
                        Ok(format!(
                            "{}\n",
                            state
                                .env()
                                .get_template(template)?
                                .render(of_environment(&inner, state.lookup("environment")))?
                                .trim_end_matches('\n')
                        ))
                    })
                    .collect()
            },
        );
        Ok(Self {
            environment,
            context,
            environments: &plan.environments,
        })
    }

    /// Prints an output's template; one that belongs to an environment sees it as `environment`.
    ///
    /// # Errors
    /// It fails, which is a defect of ours.
    pub fn print(&self, output: &Output) -> Result<String, Error> {
        let environment = self
            .environments
            .iter()
            .find(|of| Some(&of.id) == output.environment.as_ref());
        let context = of_environment(&self.context, environment.map(|of| Value::from(Serde(of))));
        self.environment.get_template(&output.template)?.render(context)
    }
}

/// The context, with the environment that is spoken of.
fn of_environment(context: &Value, environment: Option<Value>) -> Value {
    match environment {
        Some(environment) => context! { environment, ..context.clone() },
        None => context.clone(),
    }
}
