use std::io::Write as _;
use std::net::TcpStream;

use super::*;

#[test]
fn node_and_operations_3_1_worker_threads_count_beside_the_first() {
    assert_eq!(request_threads(0), None, "as many as processors");
    assert_eq!(request_threads(1), Some(2));
    assert_eq!(request_threads(23), Some(24));
}

fn config(change: impl FnOnce(&mut serde_json::Value)) -> Config {
    let mut config = serde_json::json!({
        "network": {
            "node_to_node_interface": {"bind_address": "127.0.0.1:0"},
            "rpc_interfaces": {"main": {"bind_address": "127.0.0.1:0"}}
        },
        "command": {
            "type": "Start",
            "start": {
                "constitution_files": [],
                "members": [{"certificate_file": "m.pem"}],
                "service_configuration": {"recovery_threshold": 1}
            },
            "join": {"target_rpc_address": "127.0.0.1:1"},
            "recover": {"previous_service_identity_file": "x"}
        }
    });
    change(&mut config);
    Config::parse(&config.to_string()).unwrap().0
}

#[test]
fn node_and_operations_1_2_what_cannot_be_created_has_its_code() {
    let code = |config: &Config, platform| refuse_unbuilt(config, platform).unwrap_err().code;
    for kind in ["Join", "Recover"] {
        let config = config(|config| config["command"]["type"] = kind.into());
        assert_eq!(code(&config, Platform::Virtual), ExitCode::NodeCreation);
        assert_eq!(
            recovery_threshold(&config).unwrap(),
            0,
            "only a start has a threshold"
        );
    }
    let start = config(|_| ());
    assert_eq!(code(&start, Platform::Snp), ExitCode::NodeCreation);
    assert_eq!(
        recovery_threshold(&start).unwrap_err().code,
        ExitCode::InvalidValue,
        "nobody has an encryption key"
    );
    refuse_unbuilt(&start, Platform::Virtual).unwrap();
    refuse_unbuilt(
        &config(|c| c["worker_threads"] = 23.into()),
        Platform::Virtual,
    )
    .unwrap();
    let many = config(|config| config["worker_threads"] = 24.into());
    assert_eq!(code(&many, Platform::Virtual), ExitCode::TooManyThreads);
    let custom = config(|config| {
        config["network"]["rpc_interfaces"]["main"]["app_protocol"] = "MINE".into();
    });
    assert_eq!(code(&custom, Platform::Virtual), ExitCode::NodeCreation);
}

/// node-and-operations.md 3.2: connections without data, partial or absurd lengths, random bytes, thousands of short
/// connections.
#[test]
fn node_and_operations_3_2_the_node_to_node_port_survives_anything() {
    let runtime = runtime(1).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let task = runtime.spawn(async {
        drop_connections(TcpListener::from_std(listener).unwrap(), stopped).await;
    });
    let mut open = Vec::new();
    for number in 0..3000_u32 {
        let mut stream = TcpStream::connect(address).unwrap();
        let bytes: &[u8] = match number % 4 {
            0 => b"",
            1 => &[0xff; 8],
            2 => b"\x04\0\0",
            _ => b"GET / HTTP/1.1\r\n\r\n",
        };
        // It may have been closed already.
        let _ = stream.write_all(bytes);
        if number % 100 == 0 {
            open.push(stream);
        }
    }
    for stream in &mut open {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let answer = std::io::Read::read(stream, &mut [0; 16]);
        assert!(
            matches!(&answer, Ok(0))
                || answer
                    .as_ref()
                    .is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset),
            "closed without a word: {answer:?}"
        );
    }
    assert!(!task.is_finished());
    stop.send_replace(true);
    runtime.block_on(task).unwrap();
}

#[test]
fn design_3_4_a_stop_commits_what_was_answered() {
    let directory = tempfile::tempdir().unwrap();
    let application = Application {
        name: "none",
        register: |_| Ok(()),
    };
    let node = crate::testing::TestNode::found(directory.path(), &application, |_| ());
    node.activate(&node.members[0]);
    let sequencer = &node.running.node.sequencer;
    let answered = sequencer.snapshot().txid;
    assert!(
        sequencer.committed() < answered,
        "nothing signs within the hour"
    );
    runtime(1).unwrap().block_on(commit_open_run(&node.running));
    assert!(sequencer.committed() > answered, "with its signature");
    let path = format!("/members/state-digests/{}:update", node.members[0].id);
    let late = node.post(&path, node.members[0].sign("state_digest", None, b""));
    assert_eq!(late.status, 503, "nothing more is admitted");
}
