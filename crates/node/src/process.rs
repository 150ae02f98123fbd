//! The process around the node: no core dumps, descriptors, one way to die.

use std::any::Any;
use std::io::Write as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

use crate::exit::Exit;

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

/// Lets the process open as many descriptors as its hard limit admits: each session is one, and the usual soft limit
/// of 1024 is below what two interfaces admit by default.
pub fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::info!("The limit of open files stays as it is: {error}");
    }
}

/// Ends the process because of an error that it cannot go on with: logged, and told on standard error as
/// tools expect it (node-and-operations.md 1.3).
pub fn die(reason: &str) -> ! {
    tracing::warn!("Exception in ccf::run: {reason}");
    let _ = std::io::stderr().write_all(Exit::aborted(reason).stderr.as_bytes());
    std::process::abort()
}

/// Makes every panic end the process, with the place in the log. A panic is a bug of ours; going on with half of the
/// threads would be worse than stopping.
pub fn abort_on_panic() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        die(&panic_text(place.as_deref(), info.payload()));
    }));
}

/// A message that was put together at run time may quote what a client sent, or a secret: only fixed ones are repeated.
fn panic_text(place: Option<&str>, payload: &dyn Any) -> String {
    let place = place.unwrap_or("an unknown place");
    match payload.downcast_ref::<&'static str>() {
        Some(message) => format!("panic at {place}: {message}"),
        None => format!("panic at {place}"),
    }
}

/// Acts unless it is dropped in time.
pub struct Watchdog {
    /// Closed on drop.
    _alive: Sender<()>,
}

impl Watchdog {
    /// Calls `bite` after `limit`, on a thread of its own.
    pub fn start(limit: Duration, bite: impl FnOnce() + Send + 'static) -> Self {
        let (alive, watched) = channel();
        std::thread::spawn(move || {
            if watched.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                bite();
            }
        });
        Self { _alive: alive }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_bites_unless_it_is_dropped() {
        let patience = Duration::from_secs(20);
        let (bitten, bites) = channel();
        let kept = Watchdog::start(Duration::from_millis(1), move || {
            bitten.send(()).unwrap();
        });
        assert_eq!(bites.recv_timeout(patience), Ok(()));
        drop(kept);

        let (bitten, bites) = channel();
        drop(Watchdog::start(Duration::from_secs(3600), move || {
            bitten.send(()).unwrap();
        }));
        assert_eq!(
            bites.recv_timeout(patience),
            Err(RecvTimeoutError::Disconnected)
        );
    }

    #[test]
    fn design_3_a_panic_tells_its_place_and_no_data() {
        let text = |payload: &dyn Any| panic_text(Some("a.rs:1:2"), payload);
        assert_eq!(text(&"fixed"), "panic at a.rs:1:2: fixed");
        assert_eq!(text(&"a secret".to_owned()), "panic at a.rs:1:2");
        assert_eq!(panic_text(None, &7), "panic at an unknown place");
    }

    #[test]
    fn as_many_descriptors_as_the_system_admits() {
        raise_descriptor_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
