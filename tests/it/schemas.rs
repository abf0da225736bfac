//! Every schema is generated from the types that write its documents, and real documents pass it.

use boatyard::engine::change::{self, ChangeSet};
use boatyard::engine::tree::RelPath;
use boatyard::engine::{repository, schema};
use serde_json::{Value, json};

use crate::golden::{answers, catalog, golden, root};

pub fn check(schema: &Value, document: &Value, what: &str) {
    let validator = jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("the schema of {what}: {error}"));
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{what} does not pass its schema:\n{}",
        errors.join("\n")
    );
}

fn refuse(schema: &Value, document: &Value, what: &str) {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    assert!(!validator.is_valid(document), "the schema lets {what} pass");
}

#[test]
fn answers_of_every_combination_pass() {
    let catalog = catalog();
    let schema = schema::answers(catalog);
    for chosen in catalog.combinations() {
        let pairs: Vec<(&str, &str)> = chosen.iter().map(|(axis, id)| (axis.as_str(), id.as_str())).collect();
        check(&schema, &answers(catalog, &pairs).to_document(catalog), "boatyard.json");
    }
    let full = [
        ("licence", "MIT"),
        ("description", "Takes orders"),
        ("owner.team", "@acme/orders"),
        ("owner.tier", "1"),
        ("supply.registry", "registry.example.com"),
        (
            "environments",
            r#"[{"id":"staging","class":"staging"},{"id":"production","class":"production","approvers":["alice"]}]"#,
        ),
    ];
    let document = answers(catalog, &full).to_document(catalog);
    check(&schema, &document, "boatyard.json with everything");
    for (key, bad) in [
        ("langage", json!("node")),
        ("language", json!("cobol")),
        ("name", json!("")),
        ("owner", json!({"teem": "x"})),
        ("environments", json!([{"id": "x"}])),
    ] {
        let mut document = document.clone();
        document[key] = bad;
        refuse(&schema, &document, key);
    }
}

#[test]
fn plan_and_result_pass() {
    let catalog = catalog();
    let answers = answers(catalog, &[]);
    let (plan, tree) = repository::generate(&answers, catalog).expect("generate");
    check(&schema::plan(), &serde_json::to_value(&plan).expect("JSON"), "a plan");
    let set = ChangeSet {
        schema: "boatyard.changes/1",
        command: "new",
        dry_run: true,
        directory: "orders".into(),
        answers: answers.to_document(catalog),
        changes: change::create_all(&plan, &tree),
        locked: vec![RelPath::parse("package-lock.json").expect("a path")],
        committed: Some("0123456789abcdef0123456789abcdef01234567".into()),
        equivalent: answers.to_flags(catalog),
    };
    let document = serde_json::to_value(&set).expect("JSON");
    check(&schema::result(), &document, "a result");
    refuse(
        &schema::result(),
        &json!({ "schema": "boatyard.changes/1" }),
        "a result without changes",
    );
}

#[test]
fn stacks_pass_the_schemas_that_lie_beside_them() {
    let (axes, component, places) = (schema::axes(), schema::component(), schema::places());
    let folder = root().join("stacks");
    golden(&folder.join("schema/axes.schema.json"), &format!("{axes:#}\n"));
    golden(&folder.join("schema/places.schema.json"), &format!("{places:#}\n"));
    golden(
        &folder.join("schema/component.schema.json"),
        &format!("{component:#}\n"),
    );
    let mut open = vec![folder.clone()];
    let mut seen = 0;
    while let Some(next) = open.pop() {
        for path in std::fs::read_dir(next)
            .expect("stacks")
            .flatten()
            .map(|entry| entry.path())
        {
            if path.is_dir() && !path.ends_with("schema") {
                open.push(path);
            } else if path.is_file() {
                let document: Value =
                    serde_json::from_str(&std::fs::read_to_string(&path).expect("text")).expect("JSON");
                let schema = match path.file_name().and_then(|name| name.to_str()) {
                    Some("axes.json") => &axes,
                    Some("places.json") => &places,
                    _ => &component,
                };
                check(schema, &document, &path.display().to_string());
                let declared = document["$schema"].as_str().unwrap_or_default();
                assert!(
                    path.parent().expect("a folder").join(declared).is_file(),
                    "`$schema` of {} leads nowhere",
                    path.display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 8, "only {seen} stack files found");
}
