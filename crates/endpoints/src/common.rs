//! The endpoints that every frontend has: `/commit`, `/tx`, `/receipt`, `/api`
//! (apps-and-endpoints.md 10).

use quorate_http::{Method, Response};
use quorate_ledger::TxId;
use serde_json::{Value, json};

use crate::{
    context::Context,
    endpoint::Endpoint,
    error::{ApiError, code},
    frontend::Prefix,
    openapi::{Documents, Operation, Schema},
    reply,
    version::ApiVersion,
};

pub(crate) fn endpoints(prefix: Prefix, documents: &Documents) -> Vec<Endpoint> {
    let documents = documents.clone();
    let commit = Endpoint::json(Method::GET, "/commit", commit).operation(
        Operation::new()
            .summary("Last committed transaction")
            .description("The last transaction that this node knows to be committed")
            .optional_query("view_history", Schema::boolean())
            .optional_query("view_history_since", Schema::uint64())
            .response(
                Schema::object("GetCommit__Out")
                    .required("transaction_id", Schema::transaction_id())
                    .optional("view_history", Schema::array(Schema::transaction_id())),
            ),
    );
    let tx = Endpoint::json(Method::GET, "/tx", transaction_status).operation(
        Operation::new()
            .summary("Status of a transaction")
            .description("Unknown, Pending, Committed or Invalid; the last two are final")
            .query("transaction_id", Schema::transaction_id())
            .response(
                Schema::object("GetTxStatus__Out")
                    .required("transaction_id", Schema::transaction_id())
                    .required(
                        "status",
                        Schema::enumeration(
                            "TxStatus",
                            &["Unknown", "Pending", "Committed", "Invalid"],
                        ),
                    ),
            ),
    );
    let receipt = Endpoint::new(Method::GET, "/receipt", receipt).operation(
        Operation::new()
            .summary("Receipt of a transaction")
            .description("Proof that a transaction is in the ledger, signed by the service")
            .query("transaction_id", Schema::transaction_id())
            .response(Schema::json()),
    );
    let api = Endpoint::new(Method::GET, "/api", move |context| {
        api(context, prefix, &documents)
    })
    .operation(
        Operation::new()
            .summary("This document")
            .response(Schema::json()),
    );
    [commit, tx, receipt, api]
        .map(|endpoint| endpoint.command().auth([]))
        .into()
}

/// `view_history_since` is looked at first; `view_history` then replaces or clears its result.
fn commit(context: &mut Context<'_>) -> Result<Value, ApiError> {
    let query = context.query();
    let mut history = None;
    let committed = || {
        let unknown = || ApiError::internal("Error code: Uninitialised");
        context.host.committed().ok_or_else(unknown)
    };
    if let Some(since) = query.optional_number::<u64>("view_history_since") {
        let invalid = |status| {
            ApiError::new(
                status,
                code::INVALID_QUERY_PARAMETER_VALUE,
                "Invalid value for view_history_since, must be in range [1, current_term]",
            )
        };
        if since < 1 {
            return Err(invalid(400));
        }
        if since > context.host.view().unwrap_or_default() {
            return Err(invalid(404));
        }
        history = Some(context.host.view_history(since));
    }
    match query.value("view_history") {
        None => {}
        Some(b"true") => history = Some(context.host.view_history(1)),
        Some(b"false") => history = None,
        Some(_) => {
            return Err(ApiError::invalid_query(
                "Invalid value for view_history, must be one of [true, false] when present",
            ));
        }
    }
    let mut answer = json!({ "transaction_id": committed()?.to_string() });
    if let Some(history) = history.filter(|history| !history.is_empty()) {
        answer["view_history"] = history.iter().map(TxId::to_string).collect();
    }
    Ok(answer)
}

fn transaction_status(context: &mut Context<'_>) -> Result<Value, ApiError> {
    let query = context.query();
    let text = query.required("transaction_id")?;
    let txid: TxId = text.parse().map_err(|_| {
        ApiError::invalid_query(format!(
            "The value '{text}' passed as query parameter 'transaction_id' could not be converted to a valid Transaction ID."
        ))
    })?;
    let status = context.host.status(txid);
    Ok(json!({ "status": status.as_str(), "transaction_id": txid.to_string() }))
}

fn receipt(context: &mut Context<'_>) -> Result<Response, ApiError> {
    let query = context.query();
    let txid = query
        .text("transaction_id")
        .and_then(|text| text.parse::<TxId>().ok());
    Err(match txid {
        None => ApiError::new(
            404,
            code::TRANSACTION_INVALID,
            "Could not extract Transaction Id",
        ),
        Some(_) => ApiError::not_implemented("Receipts are not available in this version yet"),
    })
}

/// Only the governance API has versions; elsewhere `api-version` is ignored.
fn api(
    context: &mut Context<'_>,
    prefix: Prefix,
    documents: &Documents,
) -> Result<Response, ApiError> {
    let query = context.query();
    let versioned = prefix == Prefix::Gov && query.value("api-version").is_some();
    let version = versioned
        .then(|| ApiVersion::of(&query, ApiVersion::Preview20230601))
        .transpose()?;
    let document = documents
        .get(version)
        .ok_or_else(|| ApiError::internal("No document was made"))?;
    Ok(reply::typed(200, reply::JSON, document))
}

#[cfg(test)]
mod tests;
