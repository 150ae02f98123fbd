//! The process around the node: no core dumps, no SIGPIPE, one way to die.

use std::io::Write as _;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

/// Keeps memory out of core dumps and away from debuggers of other users. To be called before any key
/// exists.
///
/// # Errors
/// The operating system refuses; the text says what.
pub fn forbid_dumps() -> Result<(), String> {
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )
    .map_err(|error| format!("core dumps cannot be switched off: {error}"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("the process cannot be made undumpable: {error}"))
}

/// Limit of the address space in bytes, if there is one.
#[must_use]
pub fn address_space_max() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// Ends the process because of an error that it cannot go on with: logged, and told on standard error as
/// tools expect it (node-and-operations.md 1.3).
pub fn die(reason: &str) -> ! {
    tracing::error!("Exception in quorate: {reason}");
    let _ = writeln!(std::io::stderr(), "Exception in quorate: {reason}");
    std::process::abort()
}

/// Makes every panic end the process, with the place in the log. A panic is a bug of ours; going on with half of the
/// threads would be worse than stopping.
pub fn abort_on_panic() {
    std::panic::set_hook(Box::new(|info| die(&info.to_string())));
}
