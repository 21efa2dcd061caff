//! Component tests: layers written, read back by an independent reader, stored and unpacked.

mod all {
    mod archive;
    mod archive_index;
    mod cache;
    mod deflate;
    mod documents;
    mod layer;
    mod platforms;
    mod spliced;
    mod store;
    mod sweep;
    mod unpack;
}
