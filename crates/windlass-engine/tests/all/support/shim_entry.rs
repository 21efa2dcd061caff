//! How the test binary becomes a shim: before `main`, while there is one thread, as in a real
//! `windlass shim`; the test harness itself would start threads first.

use std::ffi::OsString;

const FLAG: &str = "--be-the-shim";

/// The command of a shim that is this binary.
pub(crate) fn command() -> Vec<OsString> {
    let exe = std::env::current_exe().expect("this binary");
    vec![exe.into_os_string(), FLAG.into()]
}

#[expect(unsafe_code, reason = "code before main is placed by the linker")]
// SAFETY: the section holds pointers to functions of this type; the C library calls each once,
// before main, after its own set-up.
#[unsafe(link_section = ".init_array")]
#[used]
static ENTRY: extern "C" fn() = enter;

#[expect(clippy::exit, reason = "this process is the shim and must not reach main")]
extern "C" fn enter() {
    let args: Vec<OsString> = std::env::args_os().collect();
    if args.get(1).is_some_and(|arg| arg == FLAG) {
        std::process::exit(windlass_engine::shim_main(&args[2..]).into());
    }
}
