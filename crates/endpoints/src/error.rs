//! What goes wrong, and how the API says so: [`ApiError`], the codes, and the one table from the
//! errors of other crates to statuses and codes (apps-and-endpoints.md 4).

use std::borrow::Cow;

use quorate_governance::{ErrorKind, GovernanceError};
use quorate_http::Response;
use quorate_kv::TableError;
use serde_json::{Value, json};

use crate::host::CommitFailure;
use crate::reply;

/// Error codes of the API (apps-and-endpoints.md 4.2).
pub mod code {
    macro_rules! codes {
        ($($name:ident = $text:literal),* $(,)?) => {
            $(#[doc = concat!("`", $text, "`")] pub const $name: &str = $text;)*
        };
    }
    codes! {
        AUTHORIZATION_FAILED = "AuthorizationFailed",
        INTERNAL_ERROR = "InternalError",
        NOT_IMPLEMENTED = "NotImplemented",
        INVALID_AUTHENTICATION_INFO = "InvalidAuthenticationInfo",
        INVALID_HEADER_VALUE = "InvalidHeaderValue",
        INVALID_INPUT = "InvalidInput",
        INVALID_QUERY_PARAMETER_VALUE = "InvalidQueryParameterValue",
        INVALID_RESOURCE_NAME = "InvalidResourceName",
        MISSING_REQUIRED_HEADER = "MissingRequiredHeader",
        RESOURCE_NOT_FOUND = "ResourceNotFound",
        UNSUPPORTED_HTTP_VERB = "UnsupportedHttpVerb",
        UNSUPPORTED_CONTENT_TYPE = "UnsupportedContentType",
        REQUEST_BODY_TOO_LARGE = "RequestBodyTooLarge",
        PRECONDITION_FAILED = "PreconditionFailed",
        FRONTEND_NOT_OPEN = "FrontendNotOpen",
        MISSING_API_VERSION_PARAMETER = "MissingApiVersionParameter",
        UNSUPPORTED_API_VERSION_VALUE = "UnsupportedApiVersionValue",
        TRANSACTION_COMMIT_ATTEMPTS_EXCEED_LIMIT = "TransactionCommitAttemptsExceedLimit",
        TRANSACTION_REPLICATION_FAILED = "TransactionReplicationFailed",
        TRANSACTION_PENDING_OR_UNKNOWN = "TransactionPendingOrUnknown",
        TRANSACTION_INVALID = "TransactionInvalid",
        NODE_CANNOT_HANDLE_REQUEST = "NodeCannotHandleRequest",
        NODE_NOT_RETIRED_COMMITTED = "NodeNotRetiredCommitted",
        PRIMARY_NOT_FOUND = "PrimaryNotFound",
        BACKUP_NOT_FOUND = "BackupNotFound",
        SESSION_CONSISTENCY_LOST = "SessionConsistencyLost",
        TOO_MANY_PENDING_TRANSACTIONS = "TooManyPendingTransactions",
    }
}

/// An error as the API answers it: `{"error":{"code","details"?,"message"}}`
/// (apps-and-endpoints.md 4.1).
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// `error.code`.
    pub code: Cow<'static, str>,
    /// `error.message`.
    pub message: String,
    /// `error.details`, left out when empty.
    pub details: Vec<Value>,
    /// Further response headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
}

impl ApiError {
    /// An error without details.
    pub fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            details: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// 500 `InternalError`.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, code::INTERNAL_ERROR, message)
    }

    /// 404 `ResourceNotFound`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, code::RESOURCE_NOT_FOUND, message)
    }

    /// 400 `InvalidInput`.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(400, code::INVALID_INPUT, message)
    }

    /// 400 `InvalidQueryParameterValue`.
    pub fn invalid_query(message: impl Into<String>) -> Self {
        Self::new(400, code::INVALID_QUERY_PARAMETER_VALUE, message)
    }

    /// 400 `InvalidResourceName`.
    pub fn invalid_resource_name(message: impl Into<String>) -> Self {
        Self::new(400, code::INVALID_RESOURCE_NAME, message)
    }

    /// 501 `NotImplemented`.
    pub fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, code::NOT_IMPLEMENTED, message)
    }

    /// Adds a response header; `name` in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds an element to `error.details`.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    /// The response: compact JSON with sorted members.
    pub fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (false, Some(members)) = (self.details.is_empty(), error.as_object_mut()) {
            members.insert("details".to_owned(), Value::Array(self.details));
        }
        let mut response = reply::json(self.status, &json!({ "error": error }));
        for (name, value) in self.headers {
            response.headers.set(name, value);
        }
        response
    }
}

/// Governance says what is wrong and of what kind it is; the status follows from the kind.
impl From<GovernanceError> for ApiError {
    fn from(error: GovernanceError) -> Self {
        let status = match error.kind() {
            ErrorKind::BadRequest => 400,
            ErrorKind::Forbidden => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::Internal => 500,
            ErrorKind::NotImplemented => 501,
        };
        Self::new(status, error.code(), error.to_string())
    }
}

/// A table that does not hold what it must is the service's fault.
impl From<TableError> for ApiError {
    fn from(error: TableError) -> Self {
        Self::internal(error.to_string())
    }
}

/// Text that is not the JSON that was asked for is the client's fault (apps-and-endpoints.md 4.3).
impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        Self::invalid_input(error.to_string())
    }
}

/// Results of commit (apps-and-endpoints.md 7). A conflict gets here only after the last attempt.
impl From<CommitFailure> for ApiError {
    fn from(failure: CommitFailure) -> Self {
        let message = failure.to_string();
        match failure {
            CommitFailure::Conflict => Self::new(
                503,
                code::TRANSACTION_COMMIT_ATTEMPTS_EXCEED_LIMIT,
                format!(
                    "Transaction continued to conflict after {} attempts. Retry later.",
                    crate::limits::ATTEMPTS_MAX
                ),
            )
            .with_header(
                "retry-after",
                crate::limits::RETRY_AFTER_SECONDS.to_string(),
            ),
            CommitFailure::NotReplicated => {
                Self::new(503, code::TRANSACTION_REPLICATION_FAILED, message)
            }
            CommitFailure::TooLarge { .. } => Self::new(413, code::REQUEST_BODY_TOO_LARGE, message),
            CommitFailure::Unavailable(_) => Self::new(503, code::INTERNAL_ERROR, message),
            CommitFailure::Invalid(_) => Self::internal(message),
        }
    }
}

/// Why an endpoint cannot be registered. A mistake of the programmer, found at start-up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// A `{` without its `}`.
    #[error("Invalid templated path - missing closing curly bracket: {template}")]
    MissingBracket {
        /// The path.
        template: String,
    },
    /// A parameter name occurs twice.
    #[error("Invalid templated path - duplicated component names ({names}): {template}")]
    DuplicateParameter {
        /// All parameter names, in order.
        names: String,
        /// The path.
        template: String,
    },
    /// Another fault of the path.
    #[error("Invalid templated path - {reason}: {template}")]
    Template {
        /// What is wrong and what would be valid.
        reason: &'static str,
        /// The path.
        template: String,
    },
    /// The endpoint does not say who may call it.
    #[error(
        "Endpoint {method} {template} declares no authentication policy: name its policies, or an empty list for an endpoint that is open to everybody"
    )]
    NoPolicy {
        /// The verb.
        method: String,
        /// The path.
        template: String,
    },
    /// The policy cannot be used (yet).
    #[error("Endpoint {method} {template} uses policy {policy}, {reason}")]
    Policy {
        /// The verb.
        method: String,
        /// The path.
        template: String,
        /// Name of the policy.
        policy: String,
        /// Why not.
        reason: &'static str,
    },
    /// An `all_of` policy names one policy twice.
    #[error(
        "AND authentication policy contains duplicate policies identified by {name} (policy = {conjoined})"
    )]
    DuplicatePolicy {
        /// The policy.
        name: String,
        /// All names.
        conjoined: String,
    },
    /// There is no endpoint to describe.
    #[error("Endpoint {method} {template} is not registered")]
    Unknown {
        /// The verb.
        method: String,
        /// The path.
        template: String,
    },
    /// The same verb and path twice.
    #[error("Endpoint {method} {template} is registered twice")]
    Duplicate {
        /// The verb.
        method: String,
        /// The path.
        template: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn governance_errors_have_the_status_of_their_kind_and_the_code_of_their_own() {
        let id = || "ab".to_owned();
        for (error, status, code) in [
            (
                GovernanceError::SignedProposalMismatch,
                400,
                "InvalidResourceName",
            ),
            (
                GovernanceError::NothingToAck { member: id() },
                403,
                "AuthorizationFailed",
            ),
            (
                GovernanceError::ProposalNotFound { proposal: id() },
                404,
                "ProposalNotFound",
            ),
            (GovernanceError::NotBound, 500, "InternalError"),
            (
                GovernanceError::NotAvailable { what: "It" },
                501,
                "NotImplemented",
            ),
        ] {
            let message = error.to_string();
            assert_eq!(ApiError::from(error), ApiError::new(status, code, message));
        }
    }

    #[test]
    fn apps_4_3_json_errors_are_the_clients() {
        let error = serde_json::from_str::<u8>("{").unwrap_err();
        let error = ApiError::from(error);
        assert_eq!((error.status, error.code.as_ref()), (400, "InvalidInput"));
    }
}
