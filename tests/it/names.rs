//! One table decides what a user may type as a name and what becomes of it.

use boatyard::engine::names::Names;
use proptest::prelude::*;

/// Typed → slug (directory, package, image) · DNS label · snake (database, Terraform, Python) · environment prefix.
const ACCEPTED: &[(&str, &str, &str, &str, &str)] = &[
    ("orders", "orders", "orders", "orders", "ORDERS"),
    ("Orders API", "orders-api", "orders-api", "orders_api", "ORDERS_API"),
    ("  orders  ", "orders", "orders", "orders", "ORDERS"),
    ("OrdersApi", "orders-api", "orders-api", "orders_api", "ORDERS_API"),
    ("orders_api", "orders-api", "orders-api", "orders_api", "ORDERS_API"),
    ("orders.api", "orders-api", "orders-api", "orders_api", "ORDERS_API"),
    ("HTTPServer", "http-server", "http-server", "http_server", "HTTP_SERVER"),
    ("orders2", "orders2", "orders2", "orders2", "ORDERS2"),
    (
        "3d viewer",
        "3d-viewer",
        "app-3d-viewer",
        "app_3d_viewer",
        "APP_3D_VIEWER",
    ),
    ("2fa", "2fa", "app-2fa", "app_2fa", "APP_2FA"),
    ("Café Größe", "cafe-grosse", "cafe-grosse", "cafe_grosse", "CAFE_GROSSE"),
    ("注文", "zhu-wen", "zhu-wen", "zhu_wen", "ZHU_WEN"),
    (
        "O'Reilly shop",
        "o-reilly-shop",
        "o-reilly-shop",
        "o_reilly_shop",
        "O_REILLY_SHOP",
    ),
    (
        "test service",
        "test-service",
        "test-service",
        "test_service",
        "TEST_SERVICE",
    ),
    ("a", "a", "a", "a", "A"),
    ("a--b", "a-b", "a-b", "a_b", "A_B"),
    ("orders-", "orders", "orders", "orders", "ORDERS"),
    (
        "rock 🚀 it",
        "rock-rocket-it",
        "rock-rocket-it",
        "rock_rocket_it",
        "ROCK_ROCKET_IT",
    ),
];

/// Typed → the message and its hint.
const REFUSED: &[(&str, &str)] = &[
    ("", "the name is empty\nhint: name the service, such as `orders`"),
    ("   ", "the name is empty\nhint: name the service, such as `orders`"),
    (
        "../x",
        "the name `../x` holds '/'\nhint: use letters, digits, spaces, `-`, `_` and `.`; the directory is a separate argument",
    ),
    (
        "a\\b",
        "the name `a\\\\b` holds '\\\\'\nhint: use letters, digits, spaces, `-`, `_` and `.`; the directory is a separate argument",
    ),
    (
        "a\nb",
        "the name `a\\nb` holds '\\n'\nhint: use letters, digits, spaces, `-`, `_` and `.`; the directory is a separate argument",
    ),
    (
        "a\0b",
        "the name `a\\0b` holds '\\0'\nhint: use letters, digits, spaces, `-`, `_` and `.`; the directory is a separate argument",
    ),
    (
        "$(id)",
        "the name `$(id)` holds '$'\nhint: use letters, digits, spaces, `-`, `_` and `.`; the directory is a separate argument",
    ),
    (
        ".hidden",
        "the name `.hidden` starts with `.`\nhint: start with a letter or a digit",
    ),
    (
        "-rf",
        "the name `-rf` starts with `-`\nhint: start with a letter or a digit",
    ),
    (
        "123",
        "the name `123` holds no letter\nhint: start from a word, such as `orders` or `orders-api`",
    ),
    (
        "test",
        "the name `test` already means something to a tool of the repository\nhint: add a word, such as `test-service`",
    ),
    (
        "Con",
        "the name `con` already means something to a tool of the repository\nhint: add a word, such as `con-service`",
    ),
    (
        "LPT1",
        "the name `lpt1` already means something to a tool of the repository\nhint: add a word, such as `lpt1-service`",
    ),
    (
        "node_modules",
        "the name `node-modules` already means something to a tool of the repository\nhint: add a word, such as `node-modules-service`",
    ),
    (
        "Postgres",
        "the name `postgres` already means something to a tool of the repository\nhint: add a word, such as `postgres-service`",
    ),
];

#[test]
fn accepted_names_are_spelled_for_every_place() {
    for (typed, slug, dns, snake, env_prefix) in ACCEPTED {
        let names = Names::parse(typed).unwrap_or_else(|problem| panic!("`{typed}` was refused: {problem}"));
        let found = (
            names.slug.as_str(),
            names.dns.as_str(),
            names.snake.as_str(),
            names.env_prefix.as_str(),
        );
        assert_eq!(found, (*slug, *dns, *snake, *env_prefix), "`{typed}`");
        assert_eq!(names.name, typed.trim());
    }
}

#[test]
fn refused_names_say_why() {
    for (typed, message) in REFUSED {
        let problem = Names::parse(typed).expect_err(typed);
        assert_eq!(problem.to_string(), *message, "`{typed}`");
    }
    let long = "a".repeat(200);
    assert_eq!(
        Names::parse(&long).expect_err("200 letters").to_string(),
        "the name becomes `aaaaaaaaaaaaaaaaaaaa…`, 200 characters where 40 fit into host and resource names\nhint: choose a shorter name; the description has room for the rest"
    );
    assert_eq!(
        Names::parse(&"a".repeat(201)).expect_err("201 letters").message,
        "the name has 201 characters where 200 are the most"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is typed, what comes out is safe everywhere, and spelling the slug again changes nothing.
    #[test]
    fn any_accepted_name_is_safe(typed in "\\PC{0,60}") {
        if let Ok(names) = Names::parse(&typed) {
            prop_assert!(names.slug.len() <= 40 && !names.slug.is_empty());
            prop_assert!(names.slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(!names.slug.starts_with('-') && !names.slug.ends_with('-'));
            prop_assert!(names.dns.starts_with(|c: char| c.is_ascii_lowercase()) && names.dns.len() <= 63);
            prop_assert!(names.snake.starts_with(|c: char| c.is_ascii_lowercase()));
            prop_assert!(names.snake.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
            prop_assert!(names.env_prefix.starts_with(|c: char| c.is_ascii_uppercase()));
            prop_assert_eq!(&Names::parse(&names.slug).expect("a slug is a name").slug, &names.slug);
        }
    }
}
