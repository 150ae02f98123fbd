//! What the endpoints under `/node` take and give, for their OpenAPI document. Hidden endpoints have no
//! description.

use quorate_endpoints::{Frontend, Operation, RegistrationError, Schema};
use quorate_http::Method;

pub(super) fn describe(frontend: &mut Frontend) -> Result<(), RegistrationError> {
    for (path, summary, schema) in answers() {
        let operation = match path {
            "/network/nodes" => Operation::new()
                .description("Host and port are compared with the published addresses of a node's interfaces")
                .optional_query("host", Schema::string())
                .optional_query("port", Schema::string())
                .optional_query("status", Schema::string()),
            _ => Operation::new(),
        };
        frontend.describe(
            Method::GET,
            path,
            operation.summary(summary).response(schema),
        )?;
    }
    let removed = Operation::new()
        .summary("Delete a node whose retirement is complete")
        .description("Nobody has to authenticate: only what governance has retired can be deleted")
        .response(Schema::boolean());
    frontend.describe(Method::DELETE, "/network/nodes/{node_id}", removed)?;
    for (path, summary) in [
        ("/ready/app", "Whether this node serves users"),
        ("/ready/gov", "Whether this node serves members"),
    ] {
        let ready = Operation::new()
            .summary(summary)
            .description("204 if so, 503 otherwise")
            .status(204);
        frontend.describe(Method::GET, path, ready)?;
    }
    for (method, path, summary) in [
        (Method::HEAD, "/primary", "Find the primary"),
        (Method::GET, "/primary", "Whether this node is the primary"),
        (Method::GET, "/backup", "Whether this node is a backup"),
    ] {
        frontend.describe(method, path, Operation::new().summary(summary))?;
    }
    Ok(())
}

/// What the endpoints that answer JSON tell, and its form.
fn answers() -> Vec<(&'static str, &'static str, Schema)> {
    vec![
        ("/state", "State of this node in its life cycle", state()),
        (
            "/network",
            "The service: status, certificate, primary",
            network(),
        ),
        (
            "/network/nodes",
            "Nodes of the service, all or those that match",
            nodes(),
        ),
        (
            "/network/nodes/self",
            "This node, as the service knows it",
            node(),
        ),
        (
            "/network/nodes/primary",
            "The primary, as this node believes",
            node(),
        ),
        (
            "/network/nodes/{node_id}",
            "One node of the service",
            node(),
        ),
        (
            "/network/removable_nodes",
            "Nodes whose retirement is complete and which may be switched off",
            nodes(),
        ),
        (
            "/config",
            "Nodes that replicate the ledger, with their node-to-node addresses",
            Schema::map(
                "string",
                Schema::object("ConsensusNodeConfig").required("address", Schema::string()),
            ),
        ),
        (
            "/consensus",
            "State of replication as seen by this node",
            Schema::object("ConsensusConfigDetails").required("details", consensus()),
        ),
        (
            "/quotes",
            "Evidence of all trusted nodes",
            evidence_list("GetQuotes__Out", "quotes", "Quote"),
        ),
        ("/quotes/self", "Evidence of this node", evidence("Quote")),
        (
            "/attestations",
            "Evidence of all trusted nodes",
            evidence_list("GetAttestations__Out", "attestations", "Attestation"),
        ),
        (
            "/attestations/self",
            "Evidence of this node",
            evidence("Attestation"),
        ),
        ("/metrics", "Sessions of this node, by interface", metrics()),
        (
            "/memory",
            "Memory of the process, in bytes",
            numbers(
                "MemoryUsage__Out",
                &[
                    "max_total_heap_size",
                    "current_allocated_heap_size",
                    "peak_allocated_heap_size",
                ],
            ),
        ),
        (
            "/js_metrics",
            "Limits of the JavaScript engine, and stored bytecode",
            Schema::object("JavaScriptMetrics")
                .required("bytecode_size", Schema::uint64())
                .required("bytecode_used", Schema::boolean())
                .required("max_heap_size", Schema::uint64())
                .required("max_stack_size", Schema::uint64())
                .required("max_execution_time", Schema::uint64())
                .required("max_cached_interpreters", Schema::uint64()),
        ),
        (
            "/jwt_keys/refresh/metrics",
            "Refreshes of JWT signing keys by this node since it started",
            numbers("JWTRefreshMetrics", &["attempts", "successes", "failures"]),
        ),
        (
            "/index/strategies",
            "Indexes that this node maintains",
            Schema::json(),
        ),
        (
            "/version",
            "Versions of the contract and of the JavaScript engine",
            Schema::object("GetVersion__Out")
                .required("ccf_version", Schema::string())
                .required("quickjs_version", Schema::string())
                .required("unsafe", Schema::boolean()),
        ),
        (
            "/self_signed_certificate",
            "The certificate that this node has made for itself",
            Schema::object("SelfSignedNodeCertificateInfo")
                .required("self_signed_certificate", Schema::pem()),
        ),
        (
            "/service/configuration",
            "Configuration of the service",
            service_configuration(),
        ),
        (
            "/service/previous_identity",
            "Certificate of the service that this one is a recovery of",
            Schema::object("GetServicePreviousIdentity__Out")
                .required("previous_service_identity", Schema::pem()),
        ),
    ]
}

/// An object of unsigned numbers that are always there.
fn numbers(name: &str, members: &[&str]) -> Schema {
    members.iter().fold(Schema::object(name), |object, member| {
        object.required(member, Schema::uint64())
    })
}

fn state() -> Schema {
    let states = [
        "Uninitialized",
        "Initialized",
        "Pending",
        "PartOfPublicNetwork",
        "PartOfNetwork",
        "ReadingPublicLedger",
        "ReadingPrivateLedger",
    ];
    Schema::object("GetState__Out")
        .required("node_id", Schema::node_id())
        .required(
            "state",
            Schema::enumeration("ccf__NodeStartupState", &states),
        )
        .required("last_signed_seqno", Schema::uint64())
        .required("startup_seqno", Schema::uint64())
        .required("stop_notice", Schema::boolean())
        .optional("recovery_target_seqno", Schema::uint64())
        .optional("last_recovered_seqno", Schema::uint64())
}

fn network() -> Schema {
    let statuses = ["Opening", "Open", "WaitingForRecoveryShares", "Recovering"];
    Schema::object("GetNetworkInfo__Out")
        .required(
            "service_status",
            Schema::enumeration("ServiceStatus", &statuses),
        )
        .required("service_certificate", Schema::pem())
        .required("current_view", Schema::uint64())
        .required("primary_id", Schema::node_id())
        .required("recovery_count", Schema::uint64())
        .required("service_data", Schema::json())
        .required("current_service_create_txid", Schema::transaction_id())
}

fn nodes() -> Schema {
    Schema::object("GetNodes__Out").required("nodes", Schema::array(node()))
}

fn node() -> Schema {
    let statuses = ["Pending", "Trusted", "Retired"];
    Schema::object("GetNode__NodeInfo")
        .required("node_id", Schema::node_id())
        .required("status", Schema::enumeration("NodeStatus", &statuses))
        .required("primary", Schema::boolean())
        .required("rpc_interfaces", Schema::map("string", interface()))
        .required("node_data", Schema::json())
        .required("last_written", Schema::uint64())
}

fn interface() -> Schema {
    let authorities = ["Node", "Service", "ACME", "Unsecured"];
    let endorsement = Schema::object("Endorsement")
        .required("authority", Schema::enumeration("Authority", &authorities));
    let resolver = || {
        let kinds = ["NodeByRole", "StaticAddress"];
        Schema::object("RedirectionResolverConfig")
            .required(
                "kind",
                Schema::enumeration("RedirectionResolutionKind", &kinds),
            )
            .optional("target", Schema::json())
    };
    let redirections = Schema::object("NodeInfoNetwork_v2__NetInterface__Redirections")
        .optional("to_primary", resolver())
        .optional("to_backup", resolver());
    let size = || Schema::pattern("TimeString", "^[0-9]+(B|KB|MB|GB|TB|PB)?$");
    let parser = Schema::object("ParserConfiguration")
        .optional("max_body_size", size())
        .optional("max_header_size", size())
        .optional("max_headers_count", Schema::uint32())
        .optional("max_concurrent_streams_count", Schema::uint64())
        .optional("initial_window_size", size())
        .optional("max_frame_size", size());
    Schema::object("NodeInfoNetwork_v2__NetInterface")
        .required("bind_address", Schema::string())
        .optional("published_address", Schema::string())
        .optional("protocol", Schema::string())
        .optional("app_protocol", Schema::string())
        .optional("max_open_sessions_soft", Schema::uint64())
        .optional("max_open_sessions_hard", Schema::uint64())
        .optional("endorsement", endorsement)
        .optional("http_configuration", parser)
        .optional("accepted_endpoints", Schema::array(Schema::string()))
        .optional("forwarding_timeout_ms", Schema::uint64())
        .optional("redirections", redirections)
}

fn consensus() -> Schema {
    let one_of = Schema::enumeration;
    let configuration = Schema::object("Configuration")
        .required("idx", Schema::uint64())
        .required(
            "nodes",
            Schema::map(
                "NodeId",
                Schema::object("Configuration__NodeInfo").required("address", Schema::string()),
            ),
        )
        .required("rid", Schema::uint64());
    let ack = numbers("ConsensusDetails__Ack", &["seqno", "last_received_ms"]);
    Schema::object("ConsensusDetails")
        .required("configs", Schema::array(configuration))
        .required("acks", Schema::map("NodeId", ack))
        .required(
            "membership_state",
            one_of("MembershipState", &["Active", "Retired"]),
        )
        .required("primary_id", Schema::node_id())
        .required("current_view", Schema::uint64())
        .required("ticking", Schema::boolean())
        .optional(
            "leadership_state",
            one_of(
                "LeadershipState",
                &[
                    "None",
                    "Leader",
                    "Follower",
                    "PreVoteCandidate",
                    "Candidate",
                ],
            ),
        )
        .optional(
            "retirement_phase",
            one_of(
                "RetirementPhase",
                &["Ordered", "Signed", "Completed", "RetiredCommitted"],
            ),
        )
        .optional("learners", Schema::map("NodeId", Schema::uint64()))
        .optional("reconfiguration_type", reconfiguration_type())
}

fn reconfiguration_type() -> Schema {
    Schema::enumeration("ReconfigurationType", &["OneTransaction", "TwoTransaction"])
}

fn evidence(name: &str) -> Schema {
    let formats = ["OE_SGX_v1", "Insecure_Virtual", "AMD_SEV_SNP_v1"];
    Schema::object(name)
        .required("node_id", Schema::node_id())
        .required("raw", Schema::base64())
        .required("endorsements", Schema::base64())
        .required("format", Schema::enumeration("QuoteFormat", &formats))
        .optional("measurement", Schema::string())
        .optional("uvm_endorsements", Schema::base64())
}

fn evidence_list(name: &str, member: &str, item: &str) -> Schema {
    Schema::object(name).required(member, Schema::array(evidence(item)))
}

fn metrics() -> Schema {
    let errors = numbers(
        "SessionMetrics__Errors",
        &[
            "parsing",
            "request_payload_too_large",
            "request_header_too_large",
        ],
    );
    let interface = numbers(
        "SessionMetrics__PerInterface",
        &["active", "peak", "soft_cap", "hard_cap"],
    )
    .required("errors", errors);
    let sessions = numbers("SessionMetrics", &["active", "peak"])
        .required("interfaces", Schema::map("string", interface));
    Schema::object("NodeMetrics").required("sessions", sessions)
}

fn service_configuration() -> Schema {
    Schema::object("ServiceConfiguration")
        .required("recovery_threshold", Schema::uint64())
        .optional(
            "consensus",
            Schema::enumeration("ConsensusType", &["CFT", "BFT"]),
        )
        .optional("maximum_node_certificate_validity_days", Schema::uint64())
        .optional(
            "maximum_service_certificate_validity_days",
            Schema::uint64(),
        )
        .optional("recent_cose_proposals_window_size", Schema::uint64())
        .optional("reconfiguration_type", reconfiguration_type())
}
