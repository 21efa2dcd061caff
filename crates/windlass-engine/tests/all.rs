//! The engine against the real kernel, as root and as an ordinary user.
//!
//! This binary is its own shim: started with a flag of its own it never reaches the tests.

mod all {
    mod support;

    mod confinement;
    mod crashes;
    mod exec;
    mod launch;
    mod lifecycle;
    mod limits;
    mod load;
    mod logs;
    mod ordinary_user;
    mod reference;
    mod rootfs;
    mod stacks;
    mod stalled;
}
