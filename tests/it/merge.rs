//! What an update does to files, as a pure function: the decision table, texts, and files whose parts have names.

mod moves;
mod oracle;
mod structured;
mod table;
mod texts;
mod versions;

use boatyard::engine::merge::text::Labels;

/// What the sides are called in these tests.
pub fn labels() -> Labels {
    Labels {
        base: "before".into(),
        ours: "yours".into(),
        theirs: "boatyard".into(),
    }
}
