//! Answers and base files are untrusted: whatever they hold, nothing panics and every generated file stays what it is.

use boatyard::engine::base::Base;
use boatyard::engine::draft::{Draft, Source};
use boatyard::engine::repository;
use boatyard::engine::resolve::{VERSION, resolve};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::combinations::parse;
use crate::golden::{answers, catalog};

/// Texts that mean something in one of the syntaxes that a description ends up in.
const TEXTS: &[&str] = &[
    "She said \"hi\" and 'bye'",
    "back\\slash \\n \\u0041",
    "{{{ project.slug }}} {{% raw %}} {{# x #}}",
    "${{ secrets.TOKEN }} $(id) `id` ${HOME} $HOME",
    "# no comment: - [ ] {a: b} <b>&amp;</b> %s",
    "*/ // <!-- --> ''' \"\"\" @here !tag |",
    "trailing colon:",
    "größe 注文 🚀",
    "null",
    "007",
];

#[test]
fn any_description_leaves_every_file_in_its_syntax() {
    let catalog = catalog();
    for text in TEXTS {
        let (plan, tree) = repository::generate(&answers(catalog, &[("description", text)]), catalog).expect(text);
        assert_eq!(plan.description, *text);
        for (path, file) in &tree {
            if let Err(problem) = parse(path.as_str(), &file.text) {
                panic!("description {text:?}: `{path}`: {problem}");
            }
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_.]{0,10}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "name",
            "language",
            "database",
            "owner",
            "environments",
            "supply",
            "requires",
            "licence",
            "description",
            "$schema"
        ])
        .prop_map(str::to_owned),
        "[a-z._]{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256))
    })]

    #[test]
    fn any_answers_are_read_or_refused(pairs in prop::collection::vec((key(), json_value()), 0..5)) {
        let catalog = catalog();
        let values: Map<String, Value> = pairs.into_iter().collect();
        let (draft, problems) = Draft::read(&[Source { origin: "x".into(), values }], catalog, VERSION);
        for problem in problems {
            prop_assert!(!problem.message.is_empty() && !problem.message.ends_with('.'));
        }
        if let Ok(answers) = draft.with_defaults(catalog, Some("orders".into())).complete(catalog) {
            prop_assert!(resolve(&answers, catalog).is_ok());
        }
    }

    #[test]
    fn any_base_file_is_read_or_refused(value in json_value(), path in "[./a-z\\\\:]{0,16}") {
        let _ = Base::parse(&value.to_string());
        let text = json!({ "format": 1, "boatyard": "0.1.0", "answers": value, "files": { path.clone(): { "mode": "644", "policy": "seed", "text": "x" } } });
        if let Ok(base) = Base::parse(&text.to_string()) {
            prop_assert!(base.files.keys().all(|path| !path.as_str().split('/').any(|part| part == ".." || part.is_empty())));
        }
    }
}

#[test]
fn a_base_file_of_the_future_or_of_an_attacker_is_refused() {
    let cases = [
        (
            r#"{"format":3,"new":true}"#,
            "`.boatyard/base.json` has format 3, this boatyard reads up to 2",
        ),
        (
            "not JSON",
            "`.boatyard/base.json` is damaged: expected ident at line 1 column 2",
        ),
        (
            r#"{"format":1,"boatyard":"0.1.0","answers":{},"files":{"../x":{"mode":"644","policy":"seed","text":""}}}"#,
            "`.boatyard/base.json` is damaged: the path `../x` holds `.` or `..` at line 1 column 59",
        ),
        (
            r#"{"format":1,"boatyard":"0.1.0","answers":{},"files":{"x":{"mode":"777","policy":"seed","text":""}}}"#,
            "`.boatyard/base.json` is damaged: unknown variant `777`, expected `644` or `755` at line 1 column 70",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(Base::parse(text).expect_err(text).message, message);
    }
}
