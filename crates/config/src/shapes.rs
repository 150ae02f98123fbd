//! The shapes of all sections: node-and-operations.md 3, as tables. Defaults stand where values are converted.

use crate::schema::Shape::{
    AnyObject, Bool, Integer, List, Named, Object, OneOf, OrNull, Text, Unchecked,
};
use crate::schema::Unknown::{Ignored, Refused};
use crate::schema::{Field, Shape};

const fn required(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        required: true,
        shape,
    }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        required: false,
        shape,
    }
}

const TEXT: Shape = Text;
/// No minimum in the schema; conversion still refuses what is negative.
const ANY_INTEGER: Shape = Integer { min: i64::MIN };
const FROM_ZERO: Shape = Integer { min: 0 };
const FROM_ONE: Shape = Integer { min: 1 };

pub(crate) const ROOT: Shape = Object(
    &[
        required("network", NETWORK),
        required("command", COMMAND),
        optional("node_certificate", NODE_CERTIFICATE),
        optional("node_data_json_file", OrNull(&TEXT)),
        optional("service_data_json_file", OrNull(&TEXT)),
        optional("attestation", ATTESTATION),
        optional("ledger", LEDGER),
        optional("snapshots", SNAPSHOTS),
        optional("ledger_signatures", LEDGER_SIGNATURES),
        optional("logging", LOGGING),
        optional("consensus", CONSENSUS),
        optional(
            "jwt",
            Object(&[optional("key_refresh_interval", Text)], Refused),
        ),
        optional("output_files", OUTPUT_FILES),
        optional("tick_interval", Text),
        optional("slow_io_logging_threshold", Text),
        optional("node_client_interface", OrNull(&TEXT)),
        optional("client_connection_timeout", Text),
        optional("idle_connection_timeout", OrNull(&TEXT)),
        optional("worker_threads", FROM_ZERO),
        optional("memory", MEMORY),
        optional("ignore_first_sigterm", Bool),
        optional("node_to_node_message_limit", FROM_ZERO),
        optional("historical_cache_soft_limit", Text),
        // Configurations of 6.0 have it (node-and-operations.md 12).
        optional("enclave", AnyObject),
    ],
    Refused,
);

const NETWORK: Shape = Object(
    &[
        required(
            "node_to_node_interface",
            Object(
                &[
                    required("bind_address", Text),
                    optional("published_address", Text),
                ],
                Refused,
            ),
        ),
        required("rpc_interfaces", Named(&RPC_INTERFACE)),
    ],
    Refused,
);

pub(crate) const RPC_INTERFACE_FIELDS: &[Field] = &[
    required("bind_address", Text),
    optional("published_address", Text),
    optional("protocol", Text),
    optional("app_protocol", Text),
    optional("max_open_sessions_soft", ANY_INTEGER),
    optional("max_open_sessions_hard", ANY_INTEGER),
    optional("http_configuration", HTTP_CONFIGURATION),
    optional("endorsement", ENDORSEMENT),
    optional("accepted_endpoints", List(&TEXT)),
    optional("forwarding_timeout_ms", ANY_INTEGER),
    optional("redirections", REDIRECTIONS),
];

const RPC_INTERFACE: Shape = Object(RPC_INTERFACE_FIELDS, Ignored);

const HTTP_CONFIGURATION: Shape = Object(
    &[
        optional("max_body_size", Text),
        optional("max_header_size", Text),
        optional("max_headers_count", ANY_INTEGER),
        optional("max_concurrent_streams_count", FROM_ONE),
        optional("initial_window_size", Text),
        optional("max_frame_size", Text),
    ],
    Refused,
);

const ENDORSEMENT: Shape = Object(
    &[required(
        "authority",
        OneOf(&["Node", "Service", "ACME", "Unsecured"]),
    )],
    Refused,
);

const REDIRECTIONS: Shape = Object(
    &[
        optional("to_primary", REDIRECTION),
        optional("to_backup", REDIRECTION),
    ],
    Refused,
);

// Which keys the target has depends on the kind; conversion tells.
const REDIRECTION: Shape = Object(
    &[
        required("kind", OneOf(&["NodeByRole", "StaticAddress"])),
        optional(
            "target",
            Object(
                &[
                    optional("role", OneOf(&["primary", "backup"])),
                    optional("address", Text),
                ],
                Refused,
            ),
        ),
    ],
    Refused,
);

const COMMAND: Shape = Object(
    &[
        required("type", OneOf(&["Start", "Join", "Recover"])),
        optional("service_certificate_file", Text),
        optional("start", Unchecked),
        optional("join", Unchecked),
        optional("recover", Unchecked),
    ],
    Ignored,
);

pub(crate) const START: Shape = Object(
    &[
        required("members", List(&MEMBER)),
        required("constitution_files", List(&TEXT)),
        optional("service_configuration", SERVICE_CONFIGURATION),
        optional("initial_service_certificate_validity_days", FROM_ONE),
        optional("service_subject_name", Text),
        optional(
            "cose_signatures",
            Object(
                &[required("issuer", Text), required("subject", Text)],
                Ignored,
            ),
        ),
    ],
    Refused,
);

const MEMBER: Shape = Object(
    &[
        required("certificate_file", Text),
        optional("encryption_public_key_file", OrNull(&TEXT)),
        optional("data_json_file", OrNull(&TEXT)),
        optional(
            "recovery_role",
            OneOf(&["NonParticipant", "Participant", "Owner"]),
        ),
    ],
    Refused,
);

const SERVICE_CONFIGURATION: Shape = Object(
    &[
        required("recovery_threshold", FROM_ZERO),
        optional("maximum_node_certificate_validity_days", FROM_ONE),
        optional("maximum_service_certificate_validity_days", FROM_ONE),
        optional("recent_cose_proposals_window_size", FROM_ONE),
    ],
    Refused,
);

pub(crate) const JOIN: Shape = Object(
    &[
        required("target_rpc_address", Text),
        optional("retry_timeout", Text),
        optional("follow_redirect", Bool),
        optional("fetch_recent_snapshot", Bool),
        optional("fetch_snapshot_max_attempts", FROM_ONE),
        optional("fetch_snapshot_retry_interval", Text),
        optional("fetch_snapshot_max_size", Text),
    ],
    Refused,
);

pub(crate) const RECOVER: Shape = Object(
    &[
        optional("initial_service_certificate_validity_days", FROM_ONE),
        required("previous_service_identity_file", Text),
        optional("previous_sealed_ledger_secret_location", Text),
    ],
    Refused,
);

const NODE_CERTIFICATE: Shape = Object(
    &[
        optional("subject_name", Text),
        optional("subject_alt_names", List(&TEXT)),
        optional("curve_id", OneOf(&["Secp384R1", "Secp256R1"])),
        optional("initial_validity_days", FROM_ONE),
    ],
    Refused,
);

const ATTESTATION: Shape = Object(
    &[
        optional("snp_security_policy_file", OrNull(&TEXT)),
        optional("snp_uvm_endorsements_file", OrNull(&TEXT)),
        optional("snp_endorsements_file", OrNull(&TEXT)),
        optional(
            "snp_endorsements_servers",
            List(&Object(
                &[
                    optional("type", OneOf(&["Azure", "AMD", "THIM"])),
                    required("url", Text),
                    optional("max_retries_count", ANY_INTEGER),
                ],
                Refused,
            )),
        ),
    ],
    Refused,
);

const LEDGER: Shape = Object(
    &[
        optional("directory", Text),
        optional("read_only_directories", List(&TEXT)),
        optional("chunk_size", Text),
        // Quorate's own.
        optional("sync", Bool),
        optional("free_space_floor", Text),
    ],
    Refused,
);

const SNAPSHOTS: Shape = Object(
    &[
        optional("directory", Text),
        optional("read_only_directory", OrNull(&TEXT)),
        optional("tx_count", FROM_ONE),
    ],
    Refused,
);

const LEDGER_SIGNATURES: Shape = Object(
    &[
        optional("tx_count", FROM_ONE),
        optional("delay", Text),
        // Quorate's own.
        optional("early_interval", Text),
        optional("batch_bytes_max", Text),
    ],
    Refused,
);

const LOGGING: Shape = Object(
    &[
        optional(
            "host_level",
            OneOf(&["Trace", "Debug", "Info", "Fail", "Fatal"]),
        ),
        optional("format", OneOf(&["Text", "Json"])),
    ],
    Refused,
);

const CONSENSUS: Shape = Object(
    &[
        optional("message_timeout", Text),
        optional("election_timeout", Text),
        optional("max_uncommitted_tx_count", ANY_INTEGER),
    ],
    Refused,
);

const OUTPUT_FILES: Shape = Object(
    &[
        optional("node_certificate_file", Text),
        optional("pid_file", Text),
        optional("node_to_node_address_file", Text),
        optional("rpc_addresses_file", Text),
        optional("sealed_ledger_secret_location", Text),
    ],
    Refused,
);

const MEMORY: Shape = Object(
    &[
        optional("circuit_size", Text),
        optional("max_msg_size", Text),
        optional("max_fragment_size", Text),
    ],
    Refused,
);
