//! Conversion of times, sizes, addresses and sections; defaults (2.2, 2.3, 3).

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{accepted, bad_value, in_interface, notes, refusal};
use crate::{
    Address, AppProtocol, Authority, CommandKind, CurveId, EndorsementsServerKind, LogFormat,
    SubjectAltName, parse_size, parse_time,
};

#[test]
fn times_2_2() {
    for (text, micros) in [
        ("0s", 0),
        ("10ms", 10_000),
        ("10MS", 10_000),
        ("5", 5),
        ("7us", 7),
        ("2s", 2_000_000),
        ("3min", 180_000_000),
        ("1h", 3_600_000_000),
        ("1.5s", 1_000_000),
        ("1 s", 1_000_000),
    ] {
        assert_eq!(
            parse_time(text),
            Ok(Duration::from_micros(micros)),
            "{text}"
        );
    }
    for (text, message) in [
        ("", "Cannot convert empty unit string"),
        ("-1s", "Could not convert value from size string \"-1\": 22"),
        ("s", "Could not convert value from size string \"\": 22"),
        (" 1s", "Could not convert value from size string \" 1\": 22"),
        (
            "1days",
            "Unit days is invalid. Allowed: , h, min, ms, s, us",
        ),
        ("1MB", "Unit mb is invalid. Allowed: , h, min, ms, s, us"),
        (
            "18446744073709551616",
            "Could not convert value from size string \"18446744073709551616\": 34",
        ),
        (
            "18446744073709551615h",
            "Could not convert value from size string \"18446744073709551615\": 34",
        ),
    ] {
        assert_eq!(parse_time(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn sizes_2_2() {
    for (text, bytes) in [
        ("0", 0),
        ("1048576", 1 << 20),
        ("5b", 5),
        ("16KB", 16 << 10),
        ("5mb", 5 << 20),
        ("2Gb", 2 << 30),
        ("1TB", 1 << 40),
        ("1PB", 1 << 50),
        ("1.9KB", 1 << 10),
    ] {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
    }
    for (text, message) in [
        ("", "Cannot convert empty unit string"),
        ("kb", "Could not convert value from size string \"\": 22"),
        ("1s", "Unit s is invalid. Allowed: b, gb, kb, mb, pb, tb"),
        (
            "99999PB",
            "Could not convert value from size string \"99999\": 34",
        ),
    ] {
        assert_eq!(parse_size(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn bad_texts_name_field_value_and_what_is_valid() {
    let error = refusal(&[("/ledger/chunk_size", json!("5 cats"))]);
    assert_eq!(
        error.describe("c.json"),
        "Unit cats is invalid. Allowed: b, gb, kb, mb, pb, tb (at ledger.chunk_size, value \"5 cats\"; \
         valid: digits and one of b, kb, mb, gb, tb, pb, such as \"5MB\")"
    );
    assert_eq!(
        bad_value(&[("/tick_interval", json!(""))]).0,
        "tick_interval"
    );
    assert_eq!(
        bad_value(&[(
            &in_interface("http_configuration"),
            json!({"max_body_size": "x"})
        )]),
        (
            "network.rpc_interfaces.primary_rpc_interface.http_configuration.max_body_size"
                .to_owned(),
            "Could not convert value from size string \"\": 22".to_owned()
        )
    );
}

#[test]
fn texts_of_which_only_a_part_counts_are_told() {
    assert_eq!(
        notes(&[
            ("/consensus/message_timeout", json!("1.5s")),
            ("/idle_connection_timeout", json!("60")),
            ("/ledger/chunk_size", json!("1048576")),
        ]),
        [
            "Configuration value \"60\" of idle_connection_timeout has no unit: it is in microseconds",
            "Configuration value \"1.5s\" of consensus.message_timeout is read as \"1s\"",
        ]
    );
}

#[test]
fn coarser_uses_truncate_2_2() {
    let config = accepted(&[
        ("/idle_connection_timeout", json!("2900ms")),
        ("/jwt/key_refresh_interval", json!("1999ms")),
        ("/ledger_signatures/delay", json!("1999us")),
        (
            "/consensus",
            json!({"message_timeout": "2500us", "election_timeout": "3500us"}),
        ),
        ("/tick_interval", json!("1500us")),
    ]);
    assert_eq!(config.idle_connection_timeout, Some(Duration::from_secs(2)));
    assert_eq!(config.jwt.key_refresh_interval, Duration::from_secs(1));
    assert_eq!(config.ledger_signatures.delay, Duration::from_millis(1));
    assert_eq!(config.consensus.message_timeout, Duration::from_millis(2));
    assert_eq!(config.consensus.election_timeout, Duration::from_millis(3));
    assert_eq!(config.tick_interval, Duration::from_micros(1500));
}

#[test]
fn addresses_2_3() {
    for (text, host, port) in [
        ("127.0.0.1:8000", "127.0.0.1", 8000),
        ("localhost:0", "localhost", 0),
        ("localhost", "localhost", 0),
        ("localhost:", "localhost", 0),
        ("[::1]:80", "::1", 80),
        ("[::1]", "::1", 0),
        ("h:65535", "h", 65535),
    ] {
        assert_eq!(
            Address::parse(text),
            Ok(Address {
                host: host.to_owned(),
                port
            }),
            "{text}"
        );
    }
    for (text, message) in [
        ("h:x", "Port 'x' is not a number"),
        ("h:-1", "Port '-1' is not a number"),
        ("h:65536", "Port '65536' is not in range 0-65535"),
        (
            "h:99999999999999999999",
            "Port '99999999999999999999' is not in range 0-65535",
        ),
        (":80", "Address ':80' has no host"),
        ("", "Address '' has no host"),
    ] {
        assert_eq!(Address::parse(text).unwrap_err().to_string(), message);
    }
    assert_eq!(Address::parse("[::1]:80").unwrap().to_string(), "[::1]:80");
    assert_eq!(
        bad_value(&[(
            "/network/node_to_node_interface/bind_address",
            json!("127.0.0.1:port")
        )]),
        (
            "network.node_to_node_interface.bind_address".to_owned(),
            "Port 'port' is not a number".to_owned()
        )
    );
    assert_eq!(
        bad_value(&[(&in_interface("bind_address"), json!(""))]).1,
        "The address is empty"
    );
    let config = accepted(&[
        (&in_interface("published_address"), json!("ccf.dummy.com:0")),
        (
            "/network/node_to_node_interface/published_address",
            json!("as it is"),
        ),
        ("/node_client_interface", json!("127.100.0.1")),
    ]);
    let interface = &config.network.rpc_interfaces["primary_rpc_interface"];
    assert_eq!(
        interface.published_address.as_ref().unwrap().to_string(),
        "ccf.dummy.com:0"
    );
    assert_eq!(
        config
            .network
            .node_to_node_interface
            .published_address
            .as_deref(),
        Some("as it is")
    );
    assert_eq!(config.node_client_interface.unwrap().host, "127.100.0.1");
    let config = accepted(&[(&in_interface("published_address"), json!(""))]);
    assert_eq!(
        config.network.rpc_interfaces["primary_rpc_interface"].published_address,
        None
    );
}

#[test]
fn defaults_3() {
    let config = accepted(&[]);
    assert_eq!(config.node_certificate.subject_name, "CN=CCF Node");
    assert_eq!(config.node_certificate.subject_alt_names, None);
    assert_eq!(config.node_certificate.curve_id, CurveId::Secp384R1);
    assert_eq!(config.node_certificate.initial_validity_days, 1);
    assert_eq!(
        (config.node_data_json_file, config.service_data_json_file),
        (None, None)
    );
    assert_eq!(config.ledger.directory, Path::new("ledger"));
    assert!(config.ledger.read_only_directories.is_empty());
    assert_eq!(config.ledger.chunk_size, 5 << 20);
    assert_eq!(config.snapshots.directory, Path::new("snapshots"));
    assert_eq!(config.snapshots.read_only_directory, None);
    assert_eq!(config.snapshots.tx_count, 10_000);
    assert_eq!(config.ledger_signatures.tx_count, 5000);
    assert_eq!(config.ledger_signatures.delay, Duration::from_secs(1));
    assert_eq!(config.logging.format, LogFormat::Text);
    assert_eq!(config.consensus.message_timeout, Duration::from_millis(100));
    assert_eq!(config.consensus.election_timeout, Duration::from_secs(5));
    assert_eq!(config.consensus.max_uncommitted_tx_count, 10_000);
    assert_eq!(config.jwt.key_refresh_interval, Duration::from_secs(1800));
    assert_eq!(
        config.output_files.node_certificate_file,
        Path::new("nodecert.pem")
    );
    assert_eq!(
        config.output_files.pid_file,
        Path::new("my_node.pid"),
        "the code default, not the schema's"
    );
    assert_eq!(config.output_files.node_to_node_address_file, None);
    assert_eq!(config.output_files.rpc_addresses_file, None);
    assert_eq!(config.tick_interval, Duration::from_millis(10));
    assert_eq!(config.slow_io_logging_threshold, Duration::from_millis(10));
    assert_eq!(config.client_connection_timeout, Duration::from_secs(2));
    assert_eq!(
        config.idle_connection_timeout,
        Some(Duration::from_secs(60))
    );
    assert_eq!(config.worker_threads, 0);
    assert_eq!(config.memory.max_msg_size, 64 << 20);
    assert!(!config.ignore_first_sigterm);
    assert_eq!(config.node_to_node_message_limit, 23_726_566);
    assert_eq!(config.historical_cache_soft_limit, 512 << 20);
    assert_eq!(config.command.kind, CommandKind::Start);
    assert_eq!(
        config.command.service_certificate_file,
        Path::new("service_cert.pem")
    );
    let start = config.command.start.unwrap();
    assert_eq!(start.service_configuration, None);
    assert_eq!(start.initial_service_certificate_validity_days, 1);
    assert_eq!(start.service_subject_name, "CN=CCF Service");
    assert_eq!(start.cose_signatures, None);
    let interface = &config.network.rpc_interfaces["primary_rpc_interface"];
    assert_eq!(interface.app_protocol, AppProtocol::Http1);
    assert_eq!(
        (
            interface.max_open_sessions_soft,
            interface.max_open_sessions_hard
        ),
        (1000, 1010)
    );
    assert_eq!(interface.authority, Authority::Service);
    assert!(interface.accepted_endpoints.is_none() && interface.redirections.is_none());
    assert_eq!(interface.forwarding_timeout, Duration::from_secs(3));
    assert_eq!(interface.http.max_body_size, 1 << 20);
    assert_eq!(interface.http.max_header_size, 16 << 10);
    assert_eq!(interface.http.max_headers_count, 256);
    assert_eq!(interface.http.max_concurrent_streams_count, 100);
    assert_eq!(interface.http.initial_window_size, 64 << 10);
    assert_eq!(interface.http.max_frame_size, 16 << 10);
}

#[test]
fn endorsement_servers_are_asked_ten_times_by_default_3_5() {
    let config = accepted(&[(
        "/attestation/snp_endorsements_servers",
        json!([{"url": "a"}, {"type": "THIM", "url": "b", "max_retries_count": 2}]),
    )]);
    let servers = config.attestation.snp_endorsements_servers;
    assert_eq!(
        (servers[0].kind, servers[0].max_retries_count),
        (EndorsementsServerKind::Azure, 10)
    );
    assert_eq!(
        (servers[1].kind, servers[1].max_retries_count),
        (EndorsementsServerKind::Thim, 2)
    );
}

#[test]
fn keys_of_our_own() {
    let config = accepted(&[]);
    assert!(config.ledger.sync);
    assert_eq!(config.ledger.free_space_floor, 64 << 20);
    assert_eq!(
        config.ledger_signatures.early_interval,
        Duration::from_millis(2)
    );
    assert_eq!(config.ledger_signatures.batch_bytes_max, 1 << 20);

    let config = accepted(&[
        ("/ledger", json!({"sync": false, "free_space_floor": "1GB"})),
        (
            "/ledger_signatures",
            json!({"early_interval": "500us", "batch_bytes_max": "2MB"}),
        ),
    ]);
    assert!(!config.ledger.sync);
    assert_eq!(config.ledger.free_space_floor, 1 << 30);
    assert_eq!(
        config.ledger_signatures.early_interval,
        Duration::from_micros(500)
    );
    assert_eq!(config.ledger_signatures.batch_bytes_max, 2 << 20);
    assert_eq!(
        bad_value(&[("/ledger_signatures/batch_bytes_max", json!("0"))]).0,
        "ledger_signatures.batch_bytes_max"
    );
}

#[test]
fn alternative_names_3_4() {
    let config = accepted(&[(
        "/node_certificate/subject_alt_names",
        json!([
            "iPAddress:10.0.0.1",
            "iPAddress:::1",
            "dNSName:node.example"
        ]),
    )]);
    assert_eq!(
        config.node_certificate.subject_alt_names.unwrap(),
        [
            SubjectAltName::IpAddress("10.0.0.1".parse().unwrap()),
            SubjectAltName::IpAddress("::1".parse().unwrap()),
            SubjectAltName::DnsName("node.example".to_owned()),
        ]
    );
    for bad in ["node.example", "iPAddress:node", "dNSName:", "email:x", ""] {
        let (field, problem) = bad_value(&[("/node_certificate/subject_alt_names", json!([bad]))]);
        assert_eq!(field, "node_certificate.subject_alt_names");
        assert_eq!(problem, format!("'{bad}' is no alternative name"));
    }
}

#[test]
fn an_enclave_object_is_ignored_with_a_note_12() {
    assert_eq!(
        notes(&[("/enclave", json!({"file": "libapp.so", "type": "Release"}))]),
        ["Configuration key enclave is ignored: a node has no enclave file"]
    );
}

#[test]
fn the_log_level_of_the_file_is_ignored_with_a_note_3_1() {
    assert_eq!(
        notes(&[("/logging", json!({"host_level": "Debug", "format": "Json"}))]),
        [
            "Configuration key logging.host_level is ignored: the level is given by the option --log-level"
        ]
    );
    assert_eq!(
        accepted(&[("/logging/format", json!("Json"))])
            .logging
            .format,
        LogFormat::Json
    );
}
