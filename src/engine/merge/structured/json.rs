//! JSON taken apart; the only file that knows `jsonc_parser`.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::node::{Kind, Node, Piece, called, lines};

/// The parts of a JSON text, comments and trailing commas allowed.
pub(super) fn parse(text: &str) -> Option<Node> {
    let options = ParseOptions {
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
        ..ParseOptions::default()
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options).ok()?;
    Some(node(text, &parsed.value?))
}

fn node(text: &str, value: &Value<'_>) -> Node {
    let range = value.range();
    let range = range.start..range.end;
    let (pieces, ordered) = match value {
        Value::Object(object) => {
            let piece = |property: &jsonc_parser::ast::ObjectProp<'_>| Piece {
                name: property.name.as_str().to_owned(),
                start: property.range.start,
                end: property.range.end,
                value: node(text, &property.value),
            };
            (object.properties.iter().map(piece).collect(), false)
        }
        Value::Array(array) => {
            let piece = |value: &Value<'_>| {
                let range = value.range();
                Piece {
                    name: called(&text[range.start..range.end]),
                    start: range.start,
                    end: range.end,
                    value: node(text, value),
                }
            };
            (array.elements.iter().map(piece).collect(), true)
        }
        _ => (Vec::new(), false),
    };
    let kind = match lines(text, pieces, None, "//") {
        Some(parts) => Kind::Parts {
            parts,
            commas: true,
            ordered,
        },
        None => Kind::Leaf(text[range.clone()].to_owned()),
    };
    Node { range, kind }
}
