//! What a call into a script can end with, other than a value.

/// Why a script call gave no value. `Display` is the text for an answer or a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// The module could not be compiled or linked, or has no such function
    /// (js-runtime.md 1.3), such as `Failed to compile public:ccf.gov.constitution[0]`.
    #[error("{0}")]
    Native(String),
    /// The script threw, or a limit ended it.
    #[error("{reason}")]
    Exception {
        /// `toString()` of an Error, the JSON of another object, the text of a
        /// primitive; `Operation took too long to complete.` after a time-out.
        reason: String,
        /// `stack` of an Error: one line per frame, without columns.
        trace: Option<String>,
        /// Whether the time limit ended the call.
        timed_out: bool,
    },
    /// A native refusal that no script can turn into a success, such as a map
    /// name with a reserved prefix: the request as a whole fails with this text.
    #[error("{0}")]
    Aborted(String),
}
