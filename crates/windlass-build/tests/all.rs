//! Component tests of the build crate, in one binary.

mod all {
    mod archive;
    mod download;
    mod image;
    mod libraries;
    mod mirror;
    mod trust;
    mod wheels;
}
