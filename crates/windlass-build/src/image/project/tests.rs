//! Tests of the module above.

use super::stays_inside;

#[test]
fn links_must_stay_inside() {
    for (path, target, inside) in [
        ("a", "b", true),
        ("a/b", "../c", true),
        ("a/b", "../../c", false),
        ("a", "/etc/passwd", false),
        ("a/b", "../x/../../y", false),
    ] {
        assert_eq!(stays_inside(path, target), inside, "{path} -> {target}");
    }
}
