//! The engine against the real kernel, as root and as an ordinary user.
//!
//! This binary is its own shim: run with `WINDLASS_TEST_SHIM` it never reaches the tests.

mod all {
    mod support;

    mod confinement;
    mod launch;
    mod lifecycle;
    mod rootfs;
}
