//! What a handler sees of a request, and how it says more than its response.

use std::ops::Range;

use quorate_crypto::Digest;
use quorate_governance::SignedMessage;
use quorate_http::{Request, Response};
use quorate_kv::Tx;
use quorate_ledger::TxId;
use serde::de::DeserializeOwned;

use crate::{
    caller::Caller,
    content,
    error::ApiError,
    host::Host,
    query::{Query, percent_decode},
    template::Template,
    version::ApiVersion,
};

/// Runs after the transaction was ordered, with its id, and may change the response.
pub type LocalCommit = Box<dyn FnOnce(TxId, &mut Response) -> Result<(), String>>;

/// One execution of a handler.
pub struct Context<'a> {
    /// The request.
    pub request: &'a Request,
    /// The path parameters.
    pub params: Params<'a>,
    /// The transaction.
    pub tx: &'a mut Tx,
    /// Who calls.
    pub caller: &'a Caller,
    /// The node.
    pub host: &'a dyn Host,
    /// Merkle root over everything the transaction can read, for endpoints that asked for it;
    /// `None` also while there is none.
    pub root: Option<Digest>,
    /// `api-version` of the request, for versioned endpoints.
    pub version: Option<ApiVersion>,
    pub(crate) apply_writes: Option<bool>,
    pub(crate) local_commit: Option<LocalCommit>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl<'a> Context<'a> {
    /// The decoded query.
    pub fn query(&self) -> Query<'a> {
        Query::new(self.request.query())
    }

    /// The undecoded path parameter `name`.
    ///
    /// # Errors
    /// 500 if the template has no such parameter.
    pub fn param(&self, name: &str) -> Result<&'a str, ApiError> {
        self.params
            .raw(name)
            .ok_or_else(|| ApiError::internal(format!("The path has no parameter '{name}'")))
    }

    /// The percent-decoded path parameter `name`, invalid UTF-8 replaced.
    ///
    /// # Errors
    /// 500 if the template has no such parameter.
    pub fn param_decoded(&self, name: &str) -> Result<String, ApiError> {
        let decoded = percent_decode(self.param(name)?.as_bytes());
        Ok(String::from_utf8_lossy(&decoded).into_owned())
    }

    /// The body as JSON of type `T`; `{}` for GET and for an empty body.
    ///
    /// # Errors
    /// 400 `InvalidInput`.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        content::body(self.request)
    }

    /// First value of a request header, if it is text. `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        header(self.request, name)
    }

    /// The signed message of the member who calls, as governance takes it.
    ///
    /// # Errors
    /// 500 if the endpoint does not authenticate members by their signature.
    pub fn signed_message(&self) -> Result<SignedMessage<'a>, ApiError> {
        signed_message(self.caller)
    }

    /// Sets a response header; a later value replaces an earlier one. `name` in lower case.
    pub fn set_header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.push((name, value.into()));
    }

    /// Whether the writes are committed. By default they are if the status is 2xx.
    pub fn set_apply_writes(&mut self, apply: bool) {
        self.apply_writes = Some(apply);
    }

    /// Registers what is to run once the transaction is ordered. An error gives 500, but the
    /// write is kept (apps-and-endpoints.md 7).
    pub fn on_local_commit(
        &mut self,
        run: impl FnOnce(TxId, &mut Response) -> Result<(), String> + 'static,
    ) {
        self.local_commit = Some(Box::new(run));
    }
}

/// The signed message of a caller, as governance takes it.
///
/// # Errors
/// 500 if the caller is not a member with a signed message.
pub fn signed_message(caller: &Caller) -> Result<SignedMessage<'_>, ApiError> {
    let missing = || ApiError::internal("The request was not authenticated by a signed message");
    let message = caller.member_message().ok_or_else(missing)?;
    Ok(SignedMessage {
        signer: &message.id,
        payload: &message.payload,
        envelope: &message.envelope,
        signature: &message.signature,
        created_at: message.created_at.ok_or_else(missing)?,
        proposal_id: message.proposal_id.as_deref(),
    })
}

/// First value of a request header, if it is text.
pub(crate) fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers.get_str(name)
}

/// The parameters of a path.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    pub(crate) path: &'a str,
    pub(crate) template: &'a Template,
    pub(crate) captures: &'a [Range<usize>],
}

impl<'a> Params<'a> {
    /// The undecoded parameter.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let at = self.template.names().position(|known| known == name)?;
        self.path.get(self.captures.get(at)?.clone())
    }
}
