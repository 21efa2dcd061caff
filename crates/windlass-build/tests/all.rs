//! Component tests of the build crate, in one binary.

mod all {
    mod download;
    mod mirror;
    mod wheels;
}
