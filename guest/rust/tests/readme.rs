//! What the README shows is what the repository holds.

#[test]
fn the_readme_shows_the_examples() {
    let readme = include_str!("../README.md");
    assert!(readme.contains(include_str!("../examples/hello.rs")));
    assert!(readme.contains(include_str!("../examples/greet.rs")));
}
