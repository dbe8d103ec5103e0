//! What the README shows is what the repository holds.

#[test]
fn the_readme_shows_hello() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(include_str!("../examples/hello.rs")));
}
