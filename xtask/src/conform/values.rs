//! A chart's values.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The values of a chart's files, as helm reads them.
pub fn values(chart: &Path, files: &[&str]) -> Result<Value> {
    let reader = tempfile::tempdir()?;
    fs::create_dir(reader.path().join("templates"))?;
    fs::write(
        reader.path().join("Chart.yaml"),
        "apiVersion: v2\nname: reader\nversion: 0.0.0\n",
    )?;
    fs::write(
        reader.path().join("templates/values.yaml"),
        "values: {{ toJson .Values }}\n",
    )?;
    let mut command = Command::new("helm");
    command.args(["template", "reader"]).arg(reader.path());
    for file in files {
        command.arg("--values").arg(chart.join(file));
    }
    let text = process::ok(&mut command, Duration::from_secs(30))?.stdout;
    let line = text.lines().find_map(|line| line.strip_prefix("values: "));
    Ok(serde_json::from_str(line.context("helm shows no values")?)?)
}

/// Lays values over others.
pub fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_laid_over_each_other() {
        let mut values = json!({ "a": { "b": 1, "c": [1, 2] }, "d": "e" });
        merge(&mut values, &json!({ "a": { "c": [3] }, "f": null }));
        assert_eq!(values, json!({ "a": { "b": 1, "c": [3] }, "d": "e", "f": null }));
    }
}
