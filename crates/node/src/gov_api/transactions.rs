//! Status of transactions (governance-api.md 3.18). No map is opened, so no transaction id header.

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Frontend, RegistrationError, TxId};
use serde_json::json as value;

use super::{json, read};

pub(super) fn register(frontend: &mut Frontend) -> Result<(), RegistrationError> {
    frontend
        .add(
            read("/service/transactions/commit", |context| {
                let committed = context.host.committed().ok_or_else(|| {
                    ApiError::internal("get_last_committed_txid_v1 returned error: Uninitialised")
                })?;
                json(&value!({ "status": "Committed", "transactionId": committed.to_string() }))
            })
            .command(),
        )?
        .add(
            read("/service/transactions/{transactionId}", |context| {
                let text = context.param("transactionId")?;
                let txid: TxId = text.parse().map_err(|_| {
                    ApiError::invalid_query(format!(
                        "The value '{text}' passed as parameter 'transactionId' could not be converted to a \
                         valid Transaction ID."
                    ))
                })?;
                let status = context.host.status(txid).as_str();
                json(&value!({ "status": status, "transactionId": txid.to_string() }))
            })
            .command(),
        )?;
    Ok(())
}
