//! Exit codes of a node program (node-and-operations.md 1.2).

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Normal end.
    Success = 0,
    /// The node could not be created.
    NodeCreation = 1,
    /// More request threads than are possible.
    TooManyThreads = 4,
    /// The PID file exists already.
    PidFileExists = 103,
    /// An option or setting has a value that is not possible; the ledger directory is not empty.
    InvalidValue = 105,
    /// A required option is absent.
    MissingOption = 106,
    /// An argument that no option expects.
    UnexpectedArgument = 109,
    /// An uncaught error; the number that a shell shows for SIGABRT.
    Aborted = 134,
    /// A file named in the configuration cannot be opened.
    FileNotReadable = 255,
}

/// A reason to end, with where it is told.
#[derive(Debug)]
pub struct Exit {
    /// The code of the process.
    pub code: ExitCode,
    /// Text for standard error; empty when the log has said everything.
    pub stderr: String,
}

impl Exit {
    /// The log has told the reason; standard error stays empty.
    #[must_use]
    pub fn logged(code: ExitCode) -> Self {
        Self {
            code,
            stderr: String::new(),
        }
    }

    /// An uncaught error: what tools look for on standard error (node-and-operations.md 1.3).
    #[must_use]
    pub fn aborted(what: &str) -> Self {
        Self {
            code: ExitCode::Aborted,
            stderr: format!(
                "terminate called after throwing an instance of 'std::logic_error'\n  what():  {what}\n"
            ),
        }
    }

    /// A file named in the configuration cannot be opened.
    #[must_use]
    pub fn file(path: &str) -> Self {
        Self {
            code: ExitCode::FileNotReadable,
            stderr: format!("Could not open file {path}\n"),
        }
    }
}
