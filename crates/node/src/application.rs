//! What an application gives to the node it is linked with, and the `main` of a node program.

use std::io::Write as _;

use quorate_endpoints::{Frontend, RegistrationError};

use crate::exit::Exit;
use crate::run;

/// Registers an application's endpoints.
pub type Register = fn(&mut Frontend) -> Result<(), RegistrationError>;

/// An application: one program, one node.
///
/// What it logs with `tracing` and the target `app` is in the node's log with the tag `[app]`: `tracing::info!(target:
/// "app", ...)`, `warn!` for the level `fail`. Events of other targets that are not the node's own are left out.
pub struct Application {
    /// Name of the program, as in `--version`.
    pub name: &'static str,
    /// Registers its endpoints under `/app`.
    pub register: Register,
}

/// The whole of a node program: command line, configuration, life cycle. Returns when the node has stopped.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     quorate_node::application_main(quorate_node::Application { name: "my-app", register: |_| Ok(()) })
/// }
/// ```
#[must_use]
pub fn application_main(application: Application) -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    match run::run(&application, &arguments) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(Exit { code, stderr }) => {
            // Nobody listens any more: the code has to do.
            let _ = std::io::stderr().write_all(stderr.as_bytes());
            std::process::ExitCode::from(code as u8)
        }
    }
}
