//! Examples of kv-tables.md 5.

use serde_json::json;

use super::*;
use crate::testing::{check_json, read, refuse, round_trip};

/// The observed entry of a founding node; PEM texts shortened.
const FOUNDING_NODE: &str = r#"{"certificate_signing_request":"-----BEGIN CERTIFICATE REQUEST-----\nMIIBLDCB","code_digest":"496e73656375726520686172642d636f646564207669727475616c206d6561737572656d656e74207631","encryption_pub_key":"-----BEGIN PUBLIC KEY-----\nMIIBIjAN","node_to_node_interface":{"bind_address":"127.0.0.1:45439","published_address":"127.0.0.1:45439"},"nodehost":"127.0.0.1","nodeport":"45439","pubhost":"127.0.0.1","public_key":"-----BEGIN PUBLIC KEY-----\nMHYwEAYH","pubport":"8000","quote_info":{"endorsements":"","format":"Insecure_Virtual","quote":"eyJob3N0X2RhdGEi"},"rpc_interfaces":{"primary_rpc_interface":{"app_protocol":"HTTP1","bind_address":"127.0.0.1:8000","endorsement":{"authority":"Service"},"forwarding_timeout_ms":3000,"http_configuration":{"max_body_size":"1048576","max_header_size":"16384","max_headers_count":256},"max_open_sessions_hard":1010,"max_open_sessions_soft":1000,"protocol":"tcp","published_address":"127.0.0.1:8000"}},"rpchost":"127.0.0.1","rpcport":"8000","status":"Trusted"}"#;

/// The least that a node has.
const REST: &str = r#""encryption_pub_key":"E","quote_info":{"endorsements":"","format":"OE_SGX_v1","quote":""},"status":"Pending""#;

fn founding_node() -> NodeInfo {
    round_trip(FOUNDING_NODE)
}

#[test]
fn kv_tables_5_1_the_observed_entry() {
    let node = founding_node();
    assert_eq!(node.status, NodeStatus::Trusted);
    assert_eq!(node.quote_info.format, QuoteFormat::InsecureVirtual);
    assert_eq!(node.node_to_node_interface.address(), "127.0.0.1:45439");
    let interface = &node.rpc_interfaces["primary_rpc_interface"];
    assert_eq!(interface.bind_address, "127.0.0.1:8000");
    assert_eq!(
        interface.settings["http_configuration"]["max_body_size"],
        "1048576"
    );
    assert_eq!(
        (node.ledger_secret_seqno, node.retired_committed),
        (None, false)
    );
}

#[test]
fn kv_tables_5_1_flags_are_written_when_true_and_options_when_set() {
    let mut node = founding_node();
    node.retired_committed = true;
    node.will_locally_seal_ledger_secrets = true;
    node.ledger_secret_seqno = Some(0);
    node.node_data = json!({"zone": 1});
    let value = serde_json::to_value(&node).unwrap();
    assert_eq!(value["retired_committed"], true);
    assert_eq!(value["will_locally_seal_ledger_secrets"], true);
    assert_eq!(value["ledger_secret_seqno"], 0);
    assert_eq!(value["node_data"]["zone"], 1);
    assert_eq!(serde_json::from_value::<NodeInfo>(value).unwrap(), node);
}

#[test]
fn kv_tables_5_1_a_value_in_the_constitutions_order_is_sorted_when_native_code_rewrites_it() {
    let text = FOUNDING_NODE.strip_suffix('}').unwrap();
    let node: NodeInfo = read(&format!(
        r#"{text},"ledger_secret_seqno":7,"node_data":null}}"#
    ));
    assert_eq!(
        node,
        NodeInfo {
            ledger_secret_seqno: Some(7),
            ..founding_node()
        }
    );
    let expected = FOUNDING_NODE.replacen(r#""node_to"#, r#""ledger_secret_seqno":7,"node_to"#, 1);
    check_json(&node, &expected);
}

#[test]
fn kv_tables_5_1_host_and_port_fields_are_those_of_the_first_interface() {
    let mut node = founding_node();
    let interface = |bind: &str, published: Option<&str>| NetInterface {
        bind_address: bind.to_owned(),
        published_address: published.map(str::to_owned),
        ..NetInterface::default()
    };
    node.rpc_interfaces = BTreeMap::from([
        ("b".to_owned(), interface("10.0.0.1:1", Some("x:2"))),
        (
            "a".to_owned(),
            interface("[::1]:3", Some("host.example.com:4")),
        ),
    ]);
    node.node_to_node_interface = interface("0.0.0.0:5", Some("public:6"));
    let value = serde_json::to_value(&node).unwrap();
    let fields = [
        "rpchost", "rpcport", "pubhost", "pubport", "nodehost", "nodeport",
    ];
    let found = fields.map(|field| value[field].as_str().unwrap().to_owned());
    assert_eq!(
        found,
        ["[::1]", "3", "host.example.com", "4", "0.0.0.0", "5"]
    );

    node.rpc_interfaces = BTreeMap::from([("a".to_owned(), interface("only:7", None))]);
    let value = serde_json::to_value(&node).unwrap();
    assert_eq!(
        (&value["pubhost"], &value["pubport"]),
        (&json!("only"), &json!("7"))
    );
    assert_eq!(
        value["rpc_interfaces"]["a"],
        json!({"bind_address": "only:7"})
    );
}

#[test]
fn kv_tables_5_1_the_first_version_is_read_where_the_second_does_not_parse() {
    let hosts =
        r#""nodehost":"n","nodeport":"1","pubhost":"p","pubport":"2","rpchost":"r","rpcport":"3","#;
    for second in [
        "",
        r#""node_to_node_interface":{"bind_address":"n:1"},"#,
        r#""node_to_node_interface":7,"rpc_interfaces":{},"#,
        r#""node_to_node_interface":{"bind_address":"n:1"},"rpc_interfaces":{"x":{}},"#,
    ] {
        let node: NodeInfo = read(&format!("{{{second}{hosts}{REST}}}"));
        assert_eq!(node.node_to_node_interface.bind_address, "n:1", "{second}");
        let interface = &node.rpc_interfaces[DEFAULT_RPC_INTERFACE];
        assert_eq!(
            (interface.bind_address.as_str(), interface.address()),
            ("r:3", "p:2"),
            "{second}"
        );
    }
    refuse::<NodeInfo>(
        &format!("{{{REST}}}"),
        "missing field `node_to_node_interface`",
    );
    refuse::<NodeInfo>(
        &format!(
            r#"{{"node_to_node_interface":{{"bind_address":"n:1"}},"rpc_interfaces":{{"x":{{}}}},{REST}}}"#
        ),
        "field `rpc_interfaces`: missing field `bind_address`",
    );
}

#[test]
fn kv_tables_5_1_interfaces_are_kept_as_they_were_given() {
    let text = r#"{"accepted_endpoints":["/app/.*"],"bind_address":"h:1","endorsement":{"authority":"Unsecured"},"max_open_sessions_soft":0,"of_tomorrow":{"x":[1.5,null]},"redirections":{"to_primary":{"kind":"NodeByRole","target":{"role":"primary"}}}}"#;
    let interface: NetInterface = round_trip(text);
    assert_eq!(interface.address(), "h:1");
    assert_eq!(interface.settings.len(), 5);
}

#[test]
fn kv_tables_5_1_quotes() {
    round_trip::<QuoteInfo>(
        r#"{"endorsed_tcb":"d315000000000004","endorsements":"AQ==","format":"AMD_SEV_SNP_v1","quote":"Ag==","uvm_endorsements":"Aw=="}"#,
    );
    refuse::<QuoteInfo>(
        r#"{"endorsements":"","format":"TDX","quote":""}"#,
        "unknown variant `TDX`",
    );
    refuse::<QuoteInfo>(
        r#"{"format":"Insecure_Virtual","quote":""}"#,
        "missing field `endorsements`",
    );
    refuse::<NodeStatus>(r#""trusted""#, "unknown variant");
}

#[test]
fn kv_tables_5_3_join_policy() {
    check_json(&CodeStatus::AllowedToJoin, r#""AllowedToJoin""#);
    refuse::<CodeStatus>(r#""Retired""#, "unknown variant");
    round_trip::<BTreeMap<String, UvmEndorsement>>(r#"{"ContainerPlat-AMD-UVM":{"svn":"101"}}"#);
    let tcb: TcbVersionPolicy = round_trip(
        r#"{"boot_loader":4,"hexstring":"d315000000000004","microcode":211,"snp":21,"tee":0}"#,
    );
    assert_eq!((tcb.tee, tcb.fmc), (Some(0), None));
    check_json(&TcbVersionPolicy::default(), "{}");
}
