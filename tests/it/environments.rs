//! What a repository has for each place that it is deployed to.

use serde_json::{Value, json};

use crate::support::Place;

/// What says which environment a file of values is for: its name, its first line, the namespace of a release.
fn told(environments: &Value) -> Vec<(String, String, String)> {
    let place = Place::new();
    let document = json!({ "name": "orders", "target": "kubernetes", "environments": environments });
    place
        .write("answers.json", &document.to_string())
        .run(["new", "made", "--yes", "--answers", "answers.json"])
        .go()
        .done();
    let tree = place.tree("made");
    let text = |path: &str| String::from_utf8_lossy(&tree[path]).into_owned();
    let release = text("scripts/release.sh");
    let namespace = |id: &str| {
        let of = |id: &str| {
            release
                .lines()
                .find(|line| line.starts_with(&format!("{id}) namespace=")))
        };
        let line = of(id).or_else(|| of("*"));
        let line = line.or_else(|| release.lines().find(|line| line.starts_with("namespace=")));
        line.map_or("", |line| line.rsplit_once(":-").map_or("", |(_, rest)| rest))
            .split('}')
            .next()
            .unwrap_or_default()
            .replace("$ENV", id)
    };
    let charts = "deploy/helm/orders/";
    tree.keys()
        .filter_map(|path| {
            let id = path
                .strip_prefix(charts)?
                .strip_prefix("values-")?
                .strip_suffix(".yaml")?;
            let first = text(path).lines().next().unwrap_or_default().to_owned();
            Some((id.to_owned(), first, namespace(id)))
        })
        .collect()
}

#[test]
fn each_environment_has_values_of_its_own() {
    let development = "# A cluster of one's own, with servers in the service's own namespace.";
    let staging = "# As production, with fewer instances.";
    let cases = [
        (
            json!([]),
            vec![
                ("development", development, "orders-development"),
                ("production", "# Production.", "orders-production"),
                ("staging", staging, "orders-staging"),
            ],
        ),
        (
            json!([
                { "id": "qa", "class": "staging", "namespace": "shared-qa" },
                { "id": "eu", "class": "production" },
                { "id": "us", "class": "production", "domain": "us.example.org" },
            ]),
            vec![
                ("development", development, "orders-development"),
                ("eu", "# Production.", "orders-eu"),
                ("qa", staging, "shared-qa"),
                ("us", "# Production.", "orders-us"),
            ],
        ),
        (
            json!([
                { "id": "development", "class": "development", "namespace": "orders-dev" },
                { "id": "production", "class": "production" },
            ]),
            vec![
                ("development", development, "orders-dev"),
                ("production", "# Production.", "orders-production"),
            ],
        ),
    ];
    for (environments, wanted) in cases {
        let wanted: Vec<(String, String, String)> = wanted
            .into_iter()
            .map(|(id, first, namespace)| (id.to_owned(), first.to_owned(), namespace.to_owned()))
            .collect();
        assert_eq!(told(&environments), wanted, "{environments}");
    }
}
