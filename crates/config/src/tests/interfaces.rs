//! Conversion of the interfaces to clients (3.2, 5.4).

use std::time::Duration;

use serde_json::json;

use super::{INTERFACE, accepted, bad_value, in_interface, refusal};
use crate::{AppProtocol, Authority, ConfigError, Redirection, Role};

#[test]
fn texts_of_interfaces_are_kept_verbatim_2_2() {
    let given = json!({
        "bind_address": "127.0.0.1:0",
        "published_address": "name:0",
        "protocol": "tcp",
        "app_protocol": "HTTP2",
        "max_open_sessions_soft": 5,
        "http_configuration": {"max_body_size": "1048576", "max_header_size": "16kB", "max_headers_count": 7},
        "endorsement": {"authority": "Node"},
        "accepted_endpoints": ["/node/.*"],
        "forwarding_timeout_ms": 1,
        "redirections": {"to_primary": {"kind": "NodeByRole", "target": {"role": "primary"}}}
    });
    let mut with_unknown = given.clone();
    with_unknown["enabled_operator_features"] = json!(["x"]);
    let config = accepted(&[(INTERFACE, with_unknown)]);
    let interface = &config.network.rpc_interfaces["primary_rpc_interface"];
    assert_eq!(interface.verbatim, given);
    assert_eq!(interface.app_protocol, AppProtocol::Http2);
    assert_eq!(interface.authority, Authority::Node);
    assert_eq!(interface.http.max_header_size, 16 << 10);
    assert_eq!(interface.forwarding_timeout, Duration::from_millis(1));
}

#[test]
fn datagrams_are_refused_by_interface_name_3_2() {
    for (key, value, text) in [
        (
            "protocol",
            "udp",
            "UDP is not supported: protocol of interface 'primary_rpc_interface' must be tcp",
        ),
        (
            "app_protocol",
            "QUIC",
            "QUIC is not supported: app_protocol of interface 'primary_rpc_interface' must be HTTP1 or HTTP2",
        ),
        (
            "protocol",
            "sctp",
            "Protocol 'sctp' is not supported: protocol of interface 'primary_rpc_interface' must be tcp",
        ),
    ] {
        let error = refusal(&[(&in_interface(key), json!(value))]);
        assert!(matches!(error, ConfigError::Unsupported { .. }));
        assert_eq!(error.to_string(), text);
    }
    let custom = accepted(&[(&in_interface("app_protocol"), json!("mine"))]);
    let interface = &custom.network.rpc_interfaces["primary_rpc_interface"];
    assert_eq!(
        interface.app_protocol,
        AppProtocol::Custom("mine".to_owned())
    );
}

#[test]
fn accepted_endpoints_match_whole_templates_5_4() {
    let config = accepted(&[(
        &in_interface("accepted_endpoints"),
        json!(["/node/.*", "/app/log/(private|public)", "/gov/a|/gov/b"]),
    )]);
    let accepted = config.network.rpc_interfaces["primary_rpc_interface"]
        .accepted_endpoints
        .clone()
        .unwrap();
    for (template, served) in [
        ("/node/network/nodes/{node_id}", true),
        ("/node/", true),
        ("/app/node/x", false),
        ("/app/log/private", true),
        ("/app/log/private/all", false),
        ("/x/app/log/private", false),
        ("/gov/a", true),
        ("/gov/b", true),
        ("/gov/bc", false),
        ("/gov/a\n", false),
    ] {
        assert_eq!(accepted.accepts(template), served, "{template}");
    }
    let none = super::accepted(&[(&in_interface("accepted_endpoints"), json!([]))]);
    let none = none.network.rpc_interfaces["primary_rpc_interface"]
        .accepted_endpoints
        .clone()
        .unwrap();
    assert!(!none.accepts("/node/state"), "an empty list serves nothing");
}

#[test]
fn invalid_expressions_are_refused_at_start() {
    for pattern in ["(", "a)(b", "[z-a]", "*", &"x".repeat(5000)] {
        let (field, problem) =
            bad_value(&[(&in_interface("accepted_endpoints"), json!(["/a", pattern]))]);
        assert_eq!(
            field,
            "network.rpc_interfaces.primary_rpc_interface.accepted_endpoints"
        );
        assert!(
            problem.starts_with("Element 1 is no regular expression: "),
            "{problem}"
        );
    }
}

#[test]
fn redirections_3_2() {
    let config = accepted(&[(
        &in_interface("redirections"),
        json!({
            "to_primary": {"kind": "StaticAddress", "target": {"address": "primary.example:443"}},
            "to_backup": {"kind": "NodeByRole", "target": {"role": "backup"}}
        }),
    )]);
    let redirections = config.network.rpc_interfaces["primary_rpc_interface"]
        .redirections
        .clone()
        .unwrap();
    assert_eq!(
        redirections.to_primary,
        Some(Redirection::StaticAddress("primary.example:443".to_owned()))
    );
    assert_eq!(
        redirections.to_backup,
        Some(Redirection::NodeByRole(Role::Backup))
    );

    let config = accepted(&[(
        &in_interface("redirections"),
        json!({"to_primary": {"kind": "NodeByRole"}}),
    )]);
    let redirections = config.network.rpc_interfaces["primary_rpc_interface"]
        .redirections
        .clone()
        .unwrap();
    assert_eq!(
        redirections.to_primary,
        Some(Redirection::NodeByRole(Role::Primary))
    );
    assert_eq!(redirections.to_backup, None);

    for bad in [
        json!({"kind": "StaticAddress"}),
        json!({"kind": "StaticAddress", "target": {}}),
        json!({"kind": "StaticAddress", "target": {"address": "a:1", "role": "primary"}}),
        json!({"kind": "NodeByRole", "target": {"address": "a:1"}}),
    ] {
        bad_value(&[(&in_interface("redirections"), json!({"to_primary": bad}))]);
    }
    for bad in [
        json!({}),
        json!({"kind": "NodeByRole", "target": {"interface": "x"}}),
    ] {
        let error = refusal(&[(&in_interface("redirections"), json!({"to_primary": bad}))]);
        assert!(matches!(error, ConfigError::Schema(_)));
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for key in [
        "max_open_sessions_soft",
        "max_open_sessions_hard",
        "forwarding_timeout_ms",
    ] {
        assert!(
            bad_value(&[(&in_interface(key), json!(-1))])
                .1
                .contains("is out of range")
        );
    }
    for (key, value) in [
        ("max_frame_size", "16383"),
        ("max_frame_size", "17MB"),
        ("initial_window_size", "2GB"),
    ] {
        let (field, problem) =
            bad_value(&[(&in_interface("http_configuration"), json!({key: value}))]);
        assert!(
            field.ends_with(key) && problem.ends_with("is out of range"),
            "{field}: {problem}"
        );
    }
    assert!(
        bad_value(&[("/consensus/max_uncommitted_tx_count", json!(-5))])
            .1
            .contains("is out of range")
    );
    assert!(
        bad_value(&[(
            "/node_certificate/initial_validity_days",
            json!(1_u64 << 40)
        )])
        .1
        .contains("is out of range")
    );
}

#[test]
fn a_node_needs_an_interface_for_clients_3_2() {
    assert_eq!(
        bad_value(&[("/network/rpc_interfaces", json!({}))]).0,
        "network.rpc_interfaces"
    );
}
