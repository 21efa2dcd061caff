//! Component tests: layers written, read back by an independent reader, stored and unpacked.

mod all {
    mod cache;
    mod layer;
    mod store;
    mod unpack;
}
