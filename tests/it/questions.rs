//! The wizard's conversation without a terminal, over a catalog that has every case.

use boatyard::engine::catalog::Catalog;
use boatyard::engine::draft::Draft;
use boatyard::engine::questions::{Form, Interview, Offer, Question};

/// Two languages, of which one excludes a database; a strategy for one target only; an axis of one component.
fn catalog() -> Catalog {
    let axes = r#"{"axes": [
        {"id": "language", "question": "Which language?", "about": "a", "default": "go", "components": ["go", "node"]},
        {"id": "database", "question": "Which database?", "about": "a", "default": "sql", "components": ["sql", "mongo", "none"]},
        {"id": "target", "question": "Where?", "about": "a", "default": "host", "components": ["host", "cloud"]},
        {"id": "strategy", "question": "How?", "about": "a", "default": "rolling", "components": ["rolling", "canary"], "when": {"target": ["cloud"]}},
        {"id": "ci", "question": "Which CI?", "about": "a", "default": "github", "components": ["github"]}
    ]}"#;
    let plain = r#"{"title": "T", "about": "a"}"#;
    let base = r#"{"title": "Base", "about": "a", "options": [
        {"id": "licence", "about": "Licence", "kind": "choice", "values": ["none", "MIT"], "default": "none"},
        {"id": "description", "about": "Description", "kind": "text", "default": "d"}]}"#;
    let go = r#"{"title": "Go", "about": "a", "conflicts": ["database.mongo"]}"#;
    let host = r#"{"title": "Host", "about": "a", "options": [{"id": "domain", "about": "Domain", "kind": "domain", "default": "d"}]}"#;
    let mut stacks = vec![
        ("axes.json", axes),
        ("base.json", base),
        ("language/go.json", go),
        ("target/host.json", host),
    ];
    for path in [
        "language/node.json",
        "database/sql.json",
        "database/mongo.json",
        "database/none.json",
        "target/cloud.json",
        "strategy/rolling.json",
        "strategy/canary.json",
        "ci/github.json",
    ] {
        stacks.push((path, plain));
    }
    Catalog::load(stacks, []).unwrap_or_else(|error| panic!("{error}"))
}

fn offer(key: &'static str, language: &str) -> Offer {
    Offer {
        key,
        asks: format!("{key}?"),
        about: format!("for {language}"),
        default: true,
        when: [("language".to_owned(), language.to_owned())].into(),
    }
}

/// Answers each question with the entry that is marked, or with the name given here; gives the keys.
fn enter_through(interview: &mut Interview<'_>) -> Vec<String> {
    let mut keys = Vec::new();
    while let Some(question) = interview.next() {
        let value = match &question.form {
            Form::Text { suggestion } => suggestion.clone().unwrap_or_else(|| "Orders".into()),
            Form::Choice { entries, start } => entries[*start].id.clone(),
        };
        interview
            .answer(&question.key, &value)
            .unwrap_or_else(|problem| panic!("{problem}"));
        keys.push(question.key);
    }
    keys
}

fn offered(question: &Question) -> (Vec<&str>, usize) {
    match &question.form {
        Form::Choice { entries, start } => (entries.iter().map(|entry| entry.id.as_str()).collect(), *start),
        Form::Text { .. } => panic!("{} is a text", question.key),
    }
}

fn given(catalog: &Catalog, answers: &[(&str, &str)]) -> Draft {
    let mut draft = Draft::default();
    for (key, value) in answers {
        draft
            .answer(key, value, catalog)
            .unwrap_or_else(|problem| panic!("{problem}"));
    }
    draft
}

#[test]
fn the_marked_answers_are_the_defaults_in_catalog_order() {
    let catalog = catalog();
    let mut interview = Interview::new(&catalog, Draft::default(), None, Vec::new());
    assert_eq!(
        enter_through(&mut interview),
        ["name", "language", "database", "target"]
    );
    let answers = interview.answers().expect("complete");
    let defaults = Draft::default()
        .with_defaults(&catalog, Some("Orders".into()))
        .complete(&catalog);
    assert_eq!(Ok(answers), defaults);
}

#[test]
fn only_what_is_open_and_applies_is_asked() {
    let catalog = catalog();
    for (answers, expected) in [
        (
            &[("name", "Orders"), ("database", "none")][..],
            &["language", "target"][..],
        ),
        (&[("target", "cloud")], &["name", "language", "database", "strategy"]),
        (
            &[
                ("name", "Orders"),
                ("language", "go"),
                ("database", "sql"),
                ("target", "host"),
            ],
            &[],
        ),
    ] {
        let mut interview = Interview::new(&catalog, given(&catalog, answers), None, Vec::new());
        assert_eq!(enter_through(&mut interview), expected, "{answers:?}");
        assert!(interview.answers().is_ok(), "{answers:?}");
    }
}

#[test]
fn what_an_earlier_choice_excludes_is_not_offered() {
    let catalog = catalog();
    let go = Interview::new(&catalog, given(&catalog, &[("language", "go")]), None, Vec::new());
    assert_eq!(
        offered(&go.question("database").expect("a question")).0,
        ["sql", "none"]
    );
    let node = Interview::new(&catalog, given(&catalog, &[("language", "node")]), None, Vec::new());
    assert_eq!(
        offered(&node.question("database").expect("a question")).0,
        ["sql", "mongo", "none"]
    );
}

#[test]
fn an_answer_taken_back_is_open_and_marked() {
    let catalog = catalog();
    let mut interview = Interview::new(&catalog, Draft::default(), Some("Shop".into()), Vec::new());
    interview.answer("name", "Orders").expect("a name");
    interview.answer("language", "node").expect("a language");
    interview.answer("database", "none").expect("a database");
    interview.take_back("database");
    let question = interview.next().expect("a question");
    assert_eq!((question.key.as_str(), offered(&question).1), ("database", 2));
    interview.take_back("language");
    let question = interview.next().expect("a question");
    assert_eq!((question.key.as_str(), offered(&question).1), ("language", 1));
    interview.take_back("name");
    let suggestion = Some("Orders".to_owned());
    assert_eq!(interview.next().expect("a question").form, Form::Text { suggestion });
}

#[test]
fn an_edit_opens_questions_and_drops_what_lost_its_meaning() {
    let catalog = catalog();
    let draft = given(&catalog, &[("domain", "orders.example.com")]);
    let mut interview = Interview::new(&catalog, draft, None, Vec::new());
    enter_through(&mut interview);
    interview.answer("target", "cloud").expect("a target");
    assert_eq!(enter_through(&mut interview), ["strategy"]);
    let answers = interview.answers().expect("complete");
    assert_eq!(answers.choices["strategy"], "rolling");
    assert!(answers.options.is_empty(), "the domain is an option of the host");
    // And back: what was said comes to life again, the question does not stay.
    interview.answer("target", "host").expect("a target");
    assert_eq!(interview.next(), None);
    let answers = interview.answers().expect("complete");
    assert_eq!(answers.options["domain"], "orders.example.com");
    assert!(!answers.choices.contains_key("strategy"));
}

#[test]
fn options_are_set_and_set_back() {
    let catalog = catalog();
    let mut interview = Interview::new(&catalog, given(&catalog, &[("licence", "MIT")]), None, Vec::new());
    enter_through(&mut interview);
    assert_eq!(
        offered(&interview.question("licence").expect("a question")),
        (vec!["none", "MIT"], 1)
    );
    interview.answer("description", "Takes orders").expect("a text");
    assert_eq!(
        interview.answers().expect("complete").options["description"],
        "Takes orders"
    );
    interview.answer("description", "").expect("the default");
    assert!(
        !interview
            .answers()
            .expect("complete")
            .options
            .contains_key("description")
    );
    let problem = interview.answer("domain", "https://x").expect_err("no domain");
    assert!(problem.message.contains("is no `domain`"), "{problem}");
}

#[test]
fn offers_come_last_and_only_beside_their_choices() {
    let catalog = catalog();
    let offers = || vec![offer("lock", "node"), offer("lock", "go")];
    let mut interview = Interview::new(&catalog, given(&catalog, &[("language", "node")]), None, offers());
    assert_eq!(enter_through(&mut interview), ["name", "database", "target", "lock"]);
    assert!(interview.accepted("lock"));
    let question = interview.question("lock").expect("a question");
    assert!(matches!(&question.form, Form::Choice { entries, .. } if entries[0].about == "for node"));
    interview.answer("lock", "no").expect("an answer");
    assert!(!interview.accepted("lock"));
    assert_eq!(offered(&interview.question("lock").expect("a question")).1, 1);
    let bare = Interview::new(
        &catalog,
        given(&catalog, &[("language", "go")]),
        None,
        vec![offer("lock", "node")],
    );
    assert_eq!(bare.offers().count(), 0);
}

#[test]
fn a_directory_whose_name_is_no_name_suggests_none() {
    let catalog = catalog();
    for (directory, suggestion) in [("orders", Some("orders".to_owned())), ("test", None), ("123", None)] {
        let interview = Interview::new(&catalog, Draft::default(), Some(directory.into()), Vec::new());
        assert_eq!(
            interview.next().expect("a question").form,
            Form::Text { suggestion },
            "{directory}"
        );
    }
}
