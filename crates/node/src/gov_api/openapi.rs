//! What the endpoints under `/gov` take and give, for the OpenAPI documents of the two versions. Where the
//! published documents do not describe the service as it is, these do (governance-api.md 13).

use quorate_endpoints::{Frontend, Operation, RegistrationError, Schema, reply};
use quorate_http::Method;
use serde_json::json;

pub(super) fn describe(frontend: &mut Frontend) -> Result<(), RegistrationError> {
    for (path, summary, operation) in signed() {
        let body = Schema::named(
            "SignedMessage",
            json!({ "type": "string", "format": "binary" }),
        );
        let operation = operation
            .summary(summary)
            .description("The body is a COSE_Sign1 message signed by the member")
            .request_as("application/cose", body);
        frontend.describe(Method::POST, path, operation)?;
    }
    for (path, summary, schema) in views() {
        let operation = Operation::new().summary(summary).response(schema);
        frontend.describe(Method::GET, path, operation)?;
    }
    for (path, summary) in scripts() {
        let operation =
            Operation::new()
                .summary(summary)
                .response_as(200, reply::JAVASCRIPT, Schema::string());
        frontend.describe(Method::GET, path, operation)?;
    }
    let case = Schema::named("Case", json!({ "type": "string", "enum": ["original"] }));
    let application = Operation::new()
        .summary("Endpoints of the JavaScript application")
        .description("With case=original, names are spelt as they were proposed")
        .optional_query("case", case)
        .response(application());
    frontend.describe(Method::GET, "/service/javascript-app", application)?;
    Ok(())
}

/// Endpoints that answer JavaScript source.
fn scripts() -> [(&'static str, &'static str); 4] {
    [
        ("/service/constitution", "The constitution"),
        (
            "/members/proposals/{proposalId}/ballots/{memberId}",
            "A ballot as it was submitted",
        ),
        (
            "/service/javascript-modules/{moduleName}",
            "One JavaScript module of the application",
        ),
        (
            "/service/js-modules/{moduleName}",
            "One JavaScript module of the application",
        ),
    ]
}

/// Endpoints that take a signed message.
fn signed() -> Vec<(&'static str, &'static str, Operation)> {
    vec![
        (
            "/members/proposals:create",
            "Submit a proposal",
            Operation::new().response(proposal()),
        ),
        (
            "/members/proposals/{proposalId}:withdraw",
            "Withdraw a proposal of one's own",
            Operation::new().response(proposal()).status(204),
        ),
        (
            "/members/proposals/{proposalId}/ballots/{memberId}:submit",
            "Submit a ballot",
            Operation::new().response(proposal()),
        ),
        (
            "/members/state-digests/{memberId}:update",
            "Have the service write the digest that the member is to acknowledge",
            Operation::new().response(state_digest()),
        ),
        (
            "/members/state-digests/{memberId}:ack",
            "Acknowledge a state digest; makes an accepted member active",
            Operation::new().status(204),
        ),
        (
            "/recovery/members/{memberId}:recover",
            "Submit a recovery share",
            Operation::new().response(recovery()),
        ),
    ]
}

/// Endpoints that answer JSON.
fn views() -> Vec<(&'static str, &'static str, Schema)> {
    vec![
        (
            "/members/proposals",
            "All proposals that are known",
            list("PagedProposal", proposal()),
        ),
        (
            "/members/proposals/{proposalId}",
            "One proposal",
            proposal(),
        ),
        (
            "/members/proposals/{proposalId}/actions",
            "What a proposal would do",
            actions(),
        ),
        (
            "/members/state-digests/{memberId}",
            "The digest that a member is to acknowledge",
            state_digest(),
        ),
        (
            "/recovery/encrypted-shares/{memberId}",
            "A member's recovery share, encrypted with the member's key",
            Schema::object("Recovery.EncryptedRecoveryShare")
                .required("encryptedShare", Schema::base64())
                .required("memberId", id("memberId")),
        ),
        (
            "/service/info",
            "Status, identity and configuration of the service",
            service_info(),
        ),
        (
            "/service/members",
            "All members",
            list("PagedMember", member()),
        ),
        ("/service/members/{memberId}", "One member", member()),
        ("/service/users", "All users", list("PagedUser", user())),
        ("/service/users/{userId}", "One user", user()),
        ("/service/nodes", "All nodes", list("PagedNode", node())),
        ("/service/nodes/{nodeId}", "One node", node()),
        (
            "/service/jwk",
            "Issuers of JWTs, their keys, and certificate bundles",
            keys(),
        ),
        (
            "/service/join-policy",
            "Evidence that a joining node must show",
            join_policies(),
        ),
        (
            "/service/javascript-modules",
            "Names of the application's JavaScript modules",
            list("PagedJsModuleNames", module_name()),
        ),
        (
            "/service/js-modules",
            "Names of the application's JavaScript modules",
            list("PagedJsModuleNames", module_name()),
        ),
        (
            "/service/transactions/commit",
            "The last committed transaction",
            transaction(),
        ),
        (
            "/service/transactions/{transactionId}",
            "Status of a transaction",
            transaction(),
        ),
    ]
}

fn list(name: &str, item: Schema) -> Schema {
    Schema::object(name).required("value", Schema::array(item))
}

fn id(name: &str) -> Schema {
    Schema::pattern(name, "^[a-f0-9]{64}$")
}

/// A number that JavaScript represents exactly.
fn number() -> Schema {
    Schema::named(
        "safeuint",
        json!({ "type": "integer", "format": "int64", "minimum": 0 }),
    )
}

fn pem() -> Schema {
    Schema::named("ServiceState.pem", json!({ "type": "string" }))
}

fn transaction_id() -> Schema {
    Schema::pattern("transactionId", "^[0-9]+\\.[0-9]+$")
}

fn proposal() -> Schema {
    let states = [
        "Open",
        "Accepted",
        "Withdrawn",
        "Rejected",
        "Failed",
        "Dropped",
    ];
    let failure = || {
        Schema::object("Proposals.FailureInfo")
            .required("reason", Schema::string())
            .optional("trace", Schema::string())
    };
    Schema::object("Proposals.Proposal")
        .required("proposalId", id("proposalId"))
        .required("proposerId", id("memberId"))
        .required(
            "proposalState",
            Schema::enumeration("Proposals.ProposalState", &states),
        )
        .required("ballotCount", number())
        .optional("finalVotes", Schema::map("memberId", Schema::boolean()))
        .optional("voteFailures", Schema::map("memberId", failure()))
        .optional("failure", failure())
}

fn actions() -> Schema {
    let action = Schema::object("Proposals.Action")
        .required("name", Schema::string())
        .optional("args", Schema::json());
    Schema::object("Proposals.ProposalActions").required("actions", Schema::array(action))
}

fn state_digest() -> Schema {
    Schema::object("Acks.StateDigest")
        .required("memberId", id("memberId"))
        .required("stateDigest", Schema::string())
}

fn recovery() -> Schema {
    Schema::object("Recovery.RecoveryResponse")
        .required("message", Schema::string())
        .required("submittedCount", number())
        .required("recoveryThreshold", number())
        .required("fullKeySubmitted", Schema::boolean())
}

fn service_info() -> Schema {
    let statuses = ["Opening", "Open", "WaitingForRecoveryShares", "Recovering"];
    let configuration = Schema::object("ServiceState.Configuration")
        .required("recoveryThreshold", number())
        .required("maximumNodeCertificateValidityDays", number())
        .required("maximumServiceCertificateValidityDays", number())
        .required("recentCoseProposalsWindowSize", number());
    Schema::object("ServiceState.ServiceInfo")
        .required(
            "status",
            Schema::enumeration("ServiceState.ServiceStatus", &statuses),
        )
        .required("certificate", pem())
        .required("recoveryCount", number())
        .optional("creationTransactionId", transaction_id())
        .optional("previousServiceCreationTransactionId", transaction_id())
        .required("serviceData", Schema::json())
        .optional("configuration", configuration)
}

fn member() -> Schema {
    let roles = ["NonParticipant", "Participant", "Owner"];
    Schema::object("ServiceState.Member")
        .required("memberId", id("memberId"))
        .required(
            "status",
            Schema::enumeration("ServiceState.MemberStatus", &["Accepted", "Active"]),
        )
        .required("memberData", Schema::json())
        .optional("certificate", pem())
        .optional("publicEncryptionKey", pem())
        .required(
            "recoveryRole",
            Schema::enumeration("ServiceState.RecoveryRole", &roles),
        )
}

fn user() -> Schema {
    Schema::object("ServiceState.User")
        .required("userId", id("userId"))
        .required("certificate", pem())
        .required("userData", Schema::json())
}

fn node() -> Schema {
    let statuses = ["Pending", "Trusted", "Retired"];
    let details = Schema::object("ServiceState.VirtualQuoteDetails")
        .required("hostData", Schema::string())
        .required("measurement", Schema::string())
        .required("reportData", Schema::string());
    let quote = Schema::object("ServiceState.QuoteInfo")
        .required("format", Schema::string())
        .optional("rawQuote", Schema::base64())
        .optional("details", details)
        .optional("quote", Schema::base64())
        .optional("endorsements", Schema::base64())
        .optional("uvmEndorsements", Schema::base64())
        .optional("endorsedTcb", Schema::base64());
    let interface = Schema::object("ServiceState.NetworkInterface")
        .required("publishedAddress", Schema::string())
        .optional("protocol", Schema::string());
    Schema::object("ServiceState.Node")
        .required("nodeId", id("nodeId"))
        .required(
            "status",
            Schema::enumeration("ServiceState.NodeStatus", &statuses),
        )
        .required("nodeData", Schema::json())
        .optional("certificate", pem())
        .required("retiredCommitted", Schema::boolean())
        .required("quoteInfo", quote)
        .required("rpcInterfaces", Schema::map("string", interface))
}

fn keys() -> Schema {
    let issuer = Schema::object("ServiceState.JwtIssuer")
        .required("autoRefresh", Schema::boolean())
        .optional("caCertBundleName", Schema::string());
    let key = Schema::object("ServiceState.Jwk")
        .required("publicKey", pem())
        .required("issuer", Schema::string())
        .required("constraint", Schema::json());
    let bundle = Schema::named("ServiceState.caCertBundle", json!({ "type": "string" }));
    Schema::object("ServiceState.JwkInfo")
        .required("issuers", Schema::map("issuer", issuer))
        .required("caCertBundles", Schema::map("name", bundle))
        .required("keys", Schema::map("kid", Schema::array(key)))
}

fn join_policies() -> Schema {
    let texts = || Schema::array(Schema::string());
    let feed = Schema::object("ServiceState.FeedInfo").required("svn", Schema::string());
    let version = Schema::object("ServiceState.TcbVersion")
        .optional("fmc", number())
        .optional("boot_loader", number())
        .optional("tee", number())
        .optional("snp", number())
        .optional("microcode", number())
        .optional("hexstring", Schema::string());
    let snp = Schema::object("ServiceState.SnpJoinPolicy")
        .required("measurements", texts())
        .required("hostData", Schema::map("hostData", Schema::string()))
        .required(
            "uvmEndorsements",
            Schema::map("did", Schema::map("feed", feed)),
        )
        .required("tcbVersions", Schema::map("cpuid", version));
    let virtual_node = Schema::object("ServiceState.VirtualJoinPolicy")
        .required("measurements", texts())
        .required("hostData", texts());
    Schema::object("ServiceState.JoinPolicies")
        .required(
            "sgx",
            Schema::object("ServiceState.JoinPolicy").required("measurements", texts()),
        )
        .required("snp", snp)
        .required("virtual", virtual_node)
}

fn application() -> Schema {
    let one_of = Schema::enumeration;
    let endpoint = Schema::object("ServiceState.JsEndpointInfo")
        .required("jsModule", Schema::string())
        .required("jsFunction", Schema::string())
        .required(
            "forwardingRequired",
            one_of(
                "ServiceState.ForwardingRequired",
                &["sometimes", "always", "never"],
            ),
        )
        .required(
            "redirectionStrategy",
            one_of(
                "ServiceState.RedirectionStrategy",
                &["none", "to_primary", "to_backup"],
            ),
        )
        .required("authnPolicies", Schema::array(Schema::json()))
        .required(
            "mode",
            one_of(
                "ServiceState.JsExecMode",
                &["readwrite", "readonly", "historical"],
            ),
        )
        .required("openApi", Schema::json());
    let operations = Schema::map("verb", endpoint);
    Schema::object("ServiceState.JsApp").required("endpoints", Schema::map("path", operations))
}

fn module_name() -> Schema {
    Schema::object("ServiceState.JsModuleNames").required("moduleName", Schema::string())
}

fn transaction() -> Schema {
    let statuses = ["Unknown", "Pending", "Committed", "Invalid"];
    Schema::object("Transactions.Transaction")
        .required("transactionId", transaction_id())
        .required(
            "status",
            Schema::enumeration("Transactions.TransactionStatus", &statuses),
        )
}
