//! Makes cargo notice new files in the two embedded folders, which the embedding macro alone does not.

fn main() {
    println!("cargo:rerun-if-changed=templates");
    println!("cargo:rerun-if-changed=stacks");
}
