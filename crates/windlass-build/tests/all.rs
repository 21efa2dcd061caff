//! Component tests of the build crate, in one binary.

mod all {
    mod archive;
    mod download;
    mod image;
    mod libraries;
    mod mirror;
    mod standalone;
    mod trust;
    mod wheels;
}
