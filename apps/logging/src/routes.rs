//! The endpoints of the sample logging application (apps-and-endpoints.md 11.2, 11.3).

use quorate_crypto::sha256;
use quorate_endpoints::{
    ApiError, ApiInfo, Auth, Context, Endpoint, Frontend, Method, Operation, Redirection,
    RegistrationError, Response, Schema, code, content, reply,
};
use quorate_tables::USERS_INFO;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    multi_auth,
    preconditions::{self, Precondition, Verdict, etag},
    records::{Family, Records, missing},
    schemas,
};

/// A record to write. Unknown members are ignored.
#[derive(Debug, Deserialize)]
struct RecordIn {
    id: u64,
    msg: String,
    #[serde(default)]
    record_claim: bool,
}

/// Registers the application.
///
/// # Errors
/// None in practice: the routes do not collide.
pub fn register(frontend: &mut Frontend) -> Result<(), RegistrationError> {
    frontend.set_info(ApiInfo::new(
        "CCF Sample Logging App",
        "A small application that records messages under ids that its clients choose. It shows most of what an application can use.",
        "2.8.0",
    ));
    for endpoint in private().into_iter().chain(public()).chain(others()) {
        frontend.add(endpoint)?;
    }
    Ok(())
}

/// Who may call most endpoints. `jwt` joins them when it is built.
fn policies() -> [Auth; 2] {
    [Auth::UserCert, Auth::UserCoseSign1]
}

fn record_operation() -> Operation {
    Operation::new()
        .request(schemas::record_in())
        .response(Schema::boolean())
}

fn get_operation() -> Operation {
    Operation::new()
        .query("id", Schema::uint64())
        .response(schemas::get_out())
}

fn private() -> Vec<Endpoint> {
    let get = |path: &str| {
        Endpoint::json(Method::GET, path, get_private)
            .read_only()
            .auth(policies())
            .operation(get_operation())
    };
    let post_open = |path: &str| {
        Endpoint::json_in(Method::POST, path, post_anonymous)
            .auth([])
            .operation(record_operation())
    };
    vec![
        Endpoint::json_in(Method::POST, "/log/private", post_private)
            .auth(policies())
            .operation(record_operation()),
        get("/log/private"),
        get("/log/private/backup").redirection(Redirection::ToBackup),
        Endpoint::json(Method::DELETE, "/log/private", delete_private)
            .auth(policies())
            .operation(
                Operation::new()
                    .query("id", Schema::uint64())
                    .response(Schema::boolean()),
            ),
        delete_all("/log/private/all", Family::Private),
        count("/log/private/count", Family::Private),
        post_open("/log/private/anonymous"),
        Endpoint::new(Method::POST, "/log/private/anonymous/v2", post_anonymous_v2)
            .auth([])
            .operation(
                Operation::new()
                    .request(schemas::record_in())
                    .response(schemas::put_out()),
            ),
        Endpoint::json_in(Method::POST, "/log/private/prefix_cert", post_prefix_cert)
            .auth([Auth::UserCert])
            .operation(record_operation()),
        Endpoint::new(Method::POST, "/log/private/admin_only", post_admin_only)
            .auth([Auth::UserCert])
            .operation(record_operation()),
        Endpoint::new(Method::POST, "/log/private/raw_text/{id}", post_raw_text).auth(policies()),
    ]
}

fn public() -> Vec<Endpoint> {
    let get = |path: &str| {
        Endpoint::new(Method::GET, path, get_public)
            .read_only()
            .auth(policies())
            .operation(get_operation())
    };
    vec![
        Endpoint::new(Method::POST, "/log/public", post_public)
            .auth(policies())
            .operation(record_operation()),
        get("/log/public"),
        get("/log/public/backup").redirection(Redirection::ToBackup),
        Endpoint::new(Method::DELETE, "/log/public", delete_public)
            .auth(policies())
            .operation(
                Operation::new()
                    .query("id", Schema::uint64())
                    .response(Schema::boolean()),
            ),
        delete_all("/log/public/all", Family::Public),
        count("/log/public/count", Family::Public),
    ]
}

fn others() -> Vec<Endpoint> {
    let text = || Operation::new().response_as(200, reply::TEXT, Schema::string());
    vec![
        Endpoint::new(Method::POST, "/multi_auth", multi_auth::handler)
            .auth([
                Auth::UserCert,
                Auth::MemberCert,
                Auth::AnyCert,
                Auth::UserCoseSign1,
                Auth::NoAuth,
            ])
            .operation(text()),
        Endpoint::new(Method::GET, "/log/request_query", |context| {
            Ok(reply::bytes(200, context.query().bytes().to_vec()))
        })
        .auth([])
        .operation(text()),
        Endpoint::new(Method::POST, "/log/cose_signed_content", |context| {
            let message = context.signed_message()?;
            Ok(reply::typed(200, reply::TEXT, message.payload.to_vec()))
        })
        .auth([Auth::MemberCoseSign1 {
            active: false,
            msg_type: None,
        }])
        .operation(text()),
    ]
}

fn delete_all(path: &str, family: Family) -> Endpoint {
    Endpoint::json(Method::DELETE, path, move |context| {
        Records::of(context, family)?.clear(context.tx);
        Ok(Value::Bool(true))
    })
    .auth(policies())
    .operation(Operation::new().response(Schema::boolean()))
}

fn count(path: &str, family: Family) -> Endpoint {
    Endpoint::json(Method::GET, path, move |context| {
        Ok(Records::of(context, family)?.len(context.tx).into())
    })
    .auth(policies())
    .operation(Operation::new().response(Schema::uint64()))
}

fn post_private(context: &mut Context<'_>, record: RecordIn) -> Result<Value, ApiError> {
    refuse_empty(&record, "Cannot record an empty log message.")?;
    Records::of(context, Family::Private)?.put(context.tx, record.id, &record.msg);
    Ok(Value::Bool(true))
}

fn get_private(context: &mut Context<'_>) -> Result<Value, ApiError> {
    let id = context.query().required_number("id")?;
    let records = Records::of(context, Family::Private)?;
    let message = records.get(context.tx, id)?.ok_or_else(|| missing(id))?;
    Ok(json!({ "msg": message }))
}

fn delete_private(context: &mut Context<'_>) -> Result<Value, ApiError> {
    let id = context.query().required_number("id")?;
    let records = Records::of(context, Family::Private)?;
    let existed = records.has(context.tx, id);
    records.remove(context.tx, id);
    Ok(Value::Bool(existed))
}

fn post_anonymous(context: &mut Context<'_>, record: RecordIn) -> Result<Value, ApiError> {
    put_anonymous(context, &record)?;
    Ok(Value::Bool(true))
}

fn put_anonymous(context: &mut Context<'_>, record: &RecordIn) -> Result<(), ApiError> {
    refuse_empty(record, "Cannot record an empty log message.")?;
    let message = format!("Anonymous: {}", record.msg);
    Records::of(context, Family::Private)?.put(context.tx, record.id, &message);
    Ok(())
}

/// Its response is made once the transaction has its id. With `fail=true` that step fails, which
/// leaves the record written.
fn post_anonymous_v2(context: &mut Context<'_>) -> Result<Response, ApiError> {
    let record: RecordIn = context.body()?;
    put_anonymous(context, &record)?;
    let fail = context.query().value("fail") == Some(b"true");
    context.on_local_commit(move |txid, response| {
        if fail {
            return Err("didn't set user_data!".to_owned());
        }
        response.body = json!({ "success": true, "tx_id": txid.to_string() })
            .to_string()
            .into();
        Ok(())
    });
    Ok(reply::empty(200))
}

fn post_prefix_cert(context: &mut Context<'_>, record: RecordIn) -> Result<Value, ApiError> {
    refuse_empty(&record, "Cannot record an empty log message")?;
    let user = context
        .caller
        .user()
        .ok_or_else(|| ApiError::internal("The caller is no user"))?;
    let message = format!("{user}: {}", record.msg);
    Records::of(context, Family::Private)?.put(context.tx, record.id, &message);
    Ok(Value::Bool(true))
}

/// The caller's data is looked at before the body.
fn post_admin_only(context: &mut Context<'_>) -> Result<Response, ApiError> {
    let user = context
        .caller
        .user()
        .ok_or_else(|| ApiError::internal("The caller is no user"))?;
    let data = USERS_INFO
        .get(context.tx, user)?
        .map(|details| details.user_data);
    let admin = data
        .as_ref()
        .and_then(|data| data.as_object()?.get("isAdmin"));
    match admin {
        Some(Value::Bool(true)) => {}
        None | Some(Value::Bool(false)) => {
            return Err(ApiError::new(
                403,
                code::AUTHORIZATION_FAILED,
                "Only admins may access this endpoint.",
            ));
        }
        Some(other) => {
            return Err(ApiError::invalid_input(format!(
                "At #/isAdmin: expected true or false in the user's data, not {other}"
            )));
        }
    }
    let record = context.body()?;
    let value = post_private(context, record)?;
    content::respond(context.request, &value)
}

/// The id is what its leading digits say, or 0.
fn post_raw_text(context: &mut Context<'_>) -> Result<Response, ApiError> {
    let content_type = context.header("content-type").unwrap_or_default();
    if content_type != reply::TEXT {
        return Err(ApiError::new(
            415,
            code::INVALID_HEADER_VALUE,
            format!("Expected content-type 'text/plain'. Got '{content_type}'."),
        ));
    }
    let id = leading_number(context.param("id")?);
    let message = std::str::from_utf8(&context.request.body)
        .map_err(|error| ApiError::invalid_input(format!("The body is no UTF-8 text: {error}")))?;
    Records::of(context, Family::Private)?.put(context.tx, id, message);
    Ok(reply::empty(200))
}

fn leading_number(text: &str) -> u64 {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    digits.fold(0_u64, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    })
}

fn post_public(context: &mut Context<'_>) -> Result<Response, ApiError> {
    let record: RecordIn = context.body()?;
    refuse_empty(&record, "Cannot record an empty log message.")?;
    let precondition = Precondition::of(context)?;
    let records = Records::of(context, Family::Public)?;
    if precondition != Precondition::None
        && let Some(current) = records.get(context.tx, record.id)?
        && precondition.check(&etag(&current))? != Verdict::Holds
    {
        return Err(preconditions::changed());
    }
    records.put(context.tx, record.id, &record.msg);
    if record.record_claim {
        context.tx.set_claims_digest(sha256(record.msg.as_bytes()));
    }
    context.set_header("etag", etag(&record.msg));
    content::respond(context.request, &Value::Bool(true))
}

fn get_public(context: &mut Context<'_>) -> Result<Response, ApiError> {
    let id = context.query().required_number("id")?;
    let records = Records::of(context, Family::Public)?;
    let message = records.get(context.tx, id)?.ok_or_else(|| missing(id))?;
    let tag = etag(&message);
    match Precondition::of(context)?.check(&tag)? {
        Verdict::Holds => {
            context.set_header("etag", tag);
            content::respond(context.request, &json!({ "msg": message }))
        }
        Verdict::Changed => Err(preconditions::changed()),
        Verdict::NotModified => Ok(reply::empty(304)),
    }
}

fn delete_public(context: &mut Context<'_>) -> Result<Response, ApiError> {
    content::check_body(context.request)?;
    let id = context.query().required_number("id")?;
    let records = Records::of(context, Family::Public)?;
    let current = records.get(context.tx, id)?;
    if let Some(message) = &current {
        match Precondition::of(context)?.check(&etag(message))? {
            Verdict::Holds => {}
            Verdict::Changed => return Err(preconditions::changed()),
            Verdict::NotModified => return Ok(reply::empty(304)),
        }
    }
    records.remove(context.tx, id);
    content::respond(context.request, &Value::Bool(current.is_some()))
}

fn refuse_empty(record: &RecordIn, text: &str) -> Result<(), ApiError> {
    if record.msg.is_empty() {
        Err(ApiError::invalid_input(text))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
