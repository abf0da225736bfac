//! Merging by lines: what comes of three texts, how they are stored, and which of them still holds markers.

use boatyard::engine::merge::shape::Shaped;
use boatyard::engine::merge::text::{Settle, holds_markers, merge};
use proptest::prelude::*;

use super::labels;

fn lines(words: &str) -> String {
    words.split_whitespace().map(|word| format!("{word}\n")).collect()
}

/// base | ours | theirs | merged | conflicts
const TEXTS: &[[&str; 5]] = &[
    ["a b c", "a b c", "a b c", "a b c", "0"],
    ["a b c d", "A b c d", "a b c D", "A b c D", "0"],
    ["a b c", "a B c", "a B c", "a B c", "0"],
    ["a b c", "", "a b c", "", "0"],
    ["", "x", "", "x", "0"],
    ["a b c", "a X c", "a Y c", "a < X = Y > c", "1"],
    // Lines that both sides agree on are nobody's conflict.
    ["a b c", "a p X q c", "a p Y q c", "a p < X = Y > q c", "1"],
    // What touches belongs together.
    ["a b c", "a X c", "a b Y", "a < X c = b Y >", "1"],
    // Versions never conflict, on the same line or beside each other.
    [
        "p:1.0.0 q:1.0.0",
        "p:1.1.0 q:1.0.0",
        "p:1.0.0 q:1.2.0",
        "p:1.1.0 q:1.2.0",
        "0",
    ],
    [
        "p:1.0.0 q:1.0.0",
        "p:1.1.0 q:1.0.0",
        "p:1.0.5 q:1.2.0",
        "p:1.1.0 q:1.2.0",
        "0",
    ],
    ["p:1.0.0 q", "p:1.1.0 q", "p:1.0.5 Q", "< p:1.1.0 q = p:1.0.5 Q >", "1"],
];

#[test]
fn three_texts_make_one() {
    for [base, ours, theirs, expected, conflicts] in TEXTS {
        let merged = merge(&lines(base), &lines(ours), &lines(theirs), Settle::Markers, &labels());
        let text = merged
            .text
            .replace("<<<<<<< yours", "<")
            .replace("=======", "=")
            .replace(">>>>>>> boatyard", ">");
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>().join(" "),
            *expected,
            "{base} | {ours} | {theirs}"
        );
        assert_eq!(merged.conflicts.to_string(), *conflicts, "{base} | {ours} | {theirs}");
        assert_eq!(holds_markers(&merged.text), merged.conflicts > 0);
    }
}

#[test]
fn a_conflict_can_be_settled_or_shown_whole() {
    let texts = ["a b c", "a X c", "a Y c"].map(lines);
    let [base, ours, theirs] = &texts;
    for (settle, expected) in [
        (Settle::Ours, "a X c"),
        (Settle::Theirs, "a Y c"),
        (
            Settle::Diff3,
            "a <<<<<<< yours X ||||||| before b ======= Y >>>>>>> boatyard c",
        ),
    ] {
        let merged = merge(base, ours, theirs, settle, &labels());
        assert_eq!(merged.text.split_whitespace().collect::<Vec<_>>().join(" "), expected);
        assert_eq!(merged.conflicts, 1);
    }
}

/// How a text is stored, and the plain text that it is.
const STORED: &[(&[u8], &str)] = &[
    (b"a\nb\n", "a\nb\n"),
    (b"a\r\nb\r\n", "a\nb\n"),
    (b"a\r\nb", "a\nb\n"),
    (b"a\nb", "a\nb\n"),
    (b"\xef\xbb\xbfa\n", "a\n"),
    (b"\xef\xbb\xbfa\r\nb", "a\nb\n"),
    (b"", ""),
    (b"\xef\xbb\xbf", ""),
    // Mixed line ends stay what they are.
    (b"a\r\nb\n", "a\r\nb\n"),
    (b"\r\n", "\n"),
    (b"\r", "\r\n"),
];

#[test]
fn a_text_is_stored_as_it_was() {
    for (bytes, plain) in STORED {
        let shaped = Shaped::read(bytes).expect("text");
        assert_eq!(shaped.text, *plain, "{bytes:?}");
        assert_eq!(shaped.shape.write(&shaped.text), *bytes, "{bytes:?}");
    }
    for bytes in [&b"\xff\xfe"[..], b"a\0b"] {
        assert_eq!(Shaped::read(bytes), None);
    }
}

#[test]
fn markers_are_three_and_in_order() {
    for (text, holds) in [
        ("<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n", true),
        ("<<<<<<< a\r\nx\r\n=======\r\ny\r\n>>>>>>> b\r\n", true),
        ("Heading\n=======\n", false),
        ("<<<<<<< a\n", false),
        (">>>>>>> b\n=======\n<<<<<<< a\n", false),
        (" <<<<<<< a\n=======\n>>>>>>> b\n", false),
    ] {
        assert_eq!(holds_markers(text), holds, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_given_back(bytes in prop::collection::vec(prop::sample::select(vec![b'a', b'\n', b'\r', 0xef, 0xbb, 0xbf, 0]), 0..12)) {
        if let Some(shaped) = Shaped::read(&bytes) {
            prop_assert_eq!(shaped.shape.write(&shaped.text), bytes);
        }
    }
}
