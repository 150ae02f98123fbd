use super::*;
use crate::exit::ExitCode;

fn config(node_to_node: Value, main: Value) -> Config {
    let config = json!({
        "network": {"node_to_node_interface": node_to_node, "rpc_interfaces": {"main": main}},
        "command": {
            "type": "Start",
            "start": {"constitution_files": [], "members": []}
        }
    });
    Config::parse(&config.to_string()).unwrap().0
}

fn bind(node_to_node: Value, main: Value) -> Result<Interfaces, Exit> {
    Interfaces::bind(&config(node_to_node, main))
}

fn anywhere() -> Value {
    json!({"bind_address": "127.0.0.1:0"})
}

/// Bound and published address of an interface.
fn addresses(interface: &NetInterface) -> (&str, &str) {
    (&interface.bind_address, interface.address())
}

#[test]
fn node_and_operations_2_3_names_and_ports_are_resolved_when_bound() {
    let interfaces = bind(anywhere(), json!({"bind_address": "localhost:0"})).unwrap();
    let (bound, published) = addresses(&interfaces.rpc()["main"]);
    let port = bound.strip_prefix("127.0.0.1:").unwrap();
    assert_ne!(port.parse::<u16>().unwrap(), 0);
    assert_eq!(published, bound, "unset: the resolved bind address");
}

#[test]
fn node_and_operations_2_3_a_published_address_without_port_gets_the_bound_one() {
    for published in ["ccf.dummy.com:0", "ccf.dummy.com"] {
        let main = json!({"bind_address": "127.0.0.1:0", "published_address": published});
        let interfaces = bind(anywhere(), main).unwrap();
        let (bound, published) = addresses(&interfaces.rpc()["main"]);
        let (_, port) = bound.rsplit_once(':').unwrap();
        assert_eq!(published, format!("ccf.dummy.com:{port}"));
    }
    let main = json!({"bind_address": "127.0.0.1:0", "published_address": "ccf.dummy.com:443"});
    let interfaces = bind(anywhere(), main).unwrap();
    assert_eq!(interfaces.rpc()["main"].address(), "ccf.dummy.com:443");
    let main = json!({"bind_address": "127.0.0.1:0", "published_address": ""});
    let interfaces = bind(anywhere(), main).unwrap();
    let (bound, published) = addresses(&interfaces.rpc()["main"]);
    assert_eq!(published, bound, "empty is unset");
}

#[test]
fn node_and_operations_2_3_the_node_to_node_published_address_is_taken_as_it_is() {
    let given = json!({"bind_address": "127.0.0.1:0", "published_address": "node.example:0"});
    let interfaces = bind(given, anywhere()).unwrap();
    assert_eq!(interfaces.node_to_node.address(), "node.example:0");
    let interfaces = bind(anywhere(), anywhere()).unwrap();
    let (bound, published) = addresses(&interfaces.node_to_node);
    assert_eq!(published, bound);
}

#[test]
fn node_and_operations_1_3_an_unresolvable_node_to_node_host_leaves_it_unserved() {
    let nowhere = json!({"bind_address": "no-such-host.invalid:8000"});
    let interfaces = bind(nowhere.clone(), anywhere()).unwrap();
    assert!(interfaces.take_node_to_node().is_none());
    assert_eq!(
        interfaces.node_to_node.bind_address,
        "no-such-host.invalid:8000"
    );
    let refusal = bind(anywhere(), nowhere).err().unwrap();
    assert_eq!(refusal.code, ExitCode::Aborted);
    assert!(
        refusal.stderr.contains("main") && refusal.stderr.contains("no-such-host.invalid:8000")
    );
}

#[test]
fn node_and_operations_1_3_a_port_in_use_is_fatal() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = json!({"bind_address": taken.local_addr().unwrap().to_string()});
    for (node_to_node, main, what) in [
        (address.clone(), anywhere(), "TCP Node Server listen failed"),
        (anywhere(), address, "TCP RPC Client listen failed"),
    ] {
        let refusal = bind(node_to_node, main).err().unwrap();
        assert_eq!(refusal.code, ExitCode::Aborted);
        assert!(refusal.stderr.contains(what), "{}", refusal.stderr);
    }
}

#[test]
fn node_and_operations_3_2_settings_are_shown_as_they_were_written() {
    let main = json!({
        "bind_address": "127.0.0.1:0",
        "max_open_sessions_soft": 7,
        "http_configuration": {"max_body_size": "1048576"},
        "endorsement": {"authority": "Node"},
        "enabled_operator_features": ["SnapshotRead"]
    });
    let interfaces = bind(anywhere(), main).unwrap();
    let mut shown = interfaces.as_json()["main"].clone();
    for address in ["bind_address", "published_address"] {
        assert!(shown.as_object_mut().unwrap().remove(address).is_some());
    }
    assert_eq!(
        shown,
        json!({
            "max_open_sessions_soft": 7,
            "http_configuration": {"max_body_size": "1048576"},
            "endorsement": {"authority": "Node"}
        })
    );
}

#[test]
fn node_and_operations_3_1_limits_and_timeouts_come_from_the_configuration() {
    let main = json!({
        "bind_address": "127.0.0.1:0",
        "max_open_sessions_soft": 7,
        "max_open_sessions_hard": 9,
        "http_configuration": {"max_body_size": "2KB", "max_header_size": "64", "max_headers_count": 3},
        "endorsement": {"authority": "Unsecured"}
    });
    let mut config = config(anywhere(), main);
    config.idle_connection_timeout = None;
    let interfaces = Interfaces::bind(&config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _within = runtime.enter();
    let served = interfaces.take(&config).unwrap().remove(0);
    assert!(matches!(served.security, Security::Unsecured));
    assert_eq!((served.sessions.soft_cap, served.sessions.hard_cap), (7, 9));
    assert_eq!(served.sessions.idle_timeout, None);
    assert_eq!(
        served.sessions.user_timeout,
        Some(std::time::Duration::from_secs(2))
    );
    assert_eq!(served.limits.max_body_size.bytes, 2048);
    assert_eq!(served.limits.max_header_size.bytes, 64);
    assert_eq!(served.limits.max_headers_count, 3);
    assert!(interfaces.take(&config).unwrap().is_empty(), "only once");
}
