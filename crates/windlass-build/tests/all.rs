//! Component tests of the build crate, in one binary.

mod all {
    mod wheels;
}
