//! TLS over real sockets: apps-and-endpoints.md 9.4 and 9.5.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{
    Echo, Options, Server, soon,
    tls::{TlsClient, der, pem, secured, server_config},
    until,
};
use quorate_http::{Protocol, Security, SessionLimits, TlsError, tls};
use rustls::{
    NamedGroup, ProtocolVersion,
    crypto::aws_lc_rs::{ALL_CIPHER_SUITES, ALL_KX_GROUPS, kx_group},
    version::{TLS12, TLS13},
};
use tokio::sync::watch;

async fn server() -> Server {
    let (configs, security) = secured("server", Protocol::Http1);
    let server = Server::start(Options {
        security,
        ..Options::default()
    })
    .await;
    // The server goes on with the last configuration.
    drop(configs);
    server
}

#[tokio::test]
async fn apps_9_4_versions_1_2_and_1_3_with_server_preference() {
    let server = server().await;
    for (versions, version, suite) in [
        (
            vec![&TLS12],
            ProtocolVersion::TLSv1_2,
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        ),
        (
            vec![&TLS13],
            ProtocolVersion::TLSv1_3,
            "TLS13_AES_256_GCM_SHA384",
        ),
        (
            vec![&TLS12, &TLS13],
            ProtocolVersion::TLSv1_3,
            "TLS13_AES_256_GCM_SHA384",
        ),
    ] {
        let mut client = TlsClient {
            versions,
            ..TlsClient::default()
        };
        // The client would rather have 128 bits.
        client.provider.cipher_suites = ALL_CIPHER_SUITES.to_vec();
        client.provider.cipher_suites.sort_by_key(|suite| {
            suite
                .suite()
                .as_str()
                .is_some_and(|name| !name.contains("AES_128"))
        });
        let mut client = client.connect(&server).await.unwrap();
        assert_eq!(client.get("/").await.status, 200);
        let session = client.stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(version));
        let chosen = session
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str());
        assert_eq!(chosen, Some(suite));
    }
}

#[tokio::test]
async fn apps_9_4_suites_are_those_of_the_contract() {
    let server = server().await;
    for suite in ALL_CIPHER_SUITES {
        let name = suite.suite().as_str().unwrap();
        let versions = vec![if name.starts_with("TLS13") {
            &TLS13
        } else {
            &TLS12
        }];
        let mut client = TlsClient {
            versions,
            ..TlsClient::default()
        };
        client.provider.cipher_suites = vec![*suite];
        // The server's key is ECDSA.
        let offered =
            name.contains("GCM") && !name.contains("RSA_WITH") || name.contains("ECDSA_WITH_AES");
        assert_eq!(client.connect(&server).await.is_ok(), offered, "{name}");
    }
}

#[tokio::test]
async fn apps_9_4_groups_are_p521_p384_and_p256() {
    let server = server().await;
    let p521 = tls::provider().kx_groups[0];
    assert_eq!(p521.name(), NamedGroup::secp521r1);
    for version in [&TLS12, &TLS13] {
        for group in ALL_KX_GROUPS.iter().copied().chain([p521]) {
            let mut client = TlsClient {
                versions: vec![version],
                ..TlsClient::default()
            };
            client.provider.kx_groups = vec![group];
            let offered = matches!(
                group.name(),
                NamedGroup::secp521r1 | NamedGroup::secp384r1 | NamedGroup::secp256r1
            );
            let connected = client.connect(&server).await;
            assert_eq!(connected.is_ok(), offered, "{:?} {version:?}", group.name());
            if let Ok(mut client) = connected {
                assert_eq!(client.get("/").await.status, 200);
                let chosen = client.stream.get_ref().1.negotiated_key_exchange_group();
                assert_eq!(chosen.map(|chosen| chosen.name()), Some(group.name()));
            }
        }
    }
    // A client that offers a share of another group is asked again.
    let mut client = TlsClient::default();
    client.provider.kx_groups = vec![kx_group::X25519, kx_group::SECP384R1];
    assert_eq!(
        client.connect(&server).await.unwrap().get("/").await.status,
        200
    );
}

#[tokio::test]
async fn apps_9_2_alpn_selects_only_the_protocol_of_the_interface() {
    let server = server().await;
    for (offered, chosen) in [
        (vec![], None),
        (vec!["http/1.1"], Some("http/1.1")),
        (vec!["h2", "http/1.1"], Some("http/1.1")),
        (vec!["h2"], None),
        (vec!["x", "y"], None),
    ] {
        let client = TlsClient {
            alpn: offered.clone(),
            ..TlsClient::default()
        };
        let mut client = client.connect(&server).await.unwrap();
        assert_eq!(client.get("/").await.status, 200, "{offered:?}");
        let got = client.stream.get_ref().1.alpn_protocol();
        assert_eq!(got, chosen.map(str::as_bytes), "{offered:?}");
    }
}

#[tokio::test]
async fn apps_9_4_a_client_certificate_is_optional_and_not_verified() {
    let server = server().await;
    for version in [&TLS12, &TLS13] {
        let versions = vec![version];
        let mut none = TlsClient {
            versions: versions.clone(),
            ..TlsClient::default()
        }
        .connect(&server)
        .await
        .unwrap();
        assert_eq!(none.get("/").await.json()["cert"], serde_json::Value::Null);
        for (certificate, key) in [
            ("p256", "p256"),
            ("p384", "p384"),
            ("p521", "p521"),
            ("rsa", "rsa"),
            ("ed25519", "ed25519"),
            ("expired", "p256"),
            ("version1", "p256"),
            ("critical", "p256"),
        ] {
            let client = TlsClient {
                versions: versions.clone(),
                identity: Some((certificate, key)),
                ..TlsClient::default()
            };
            let mut client = client.connect(&server).await.unwrap();
            let seen = client.get("/").await.json();
            assert_eq!(
                seen["cert"],
                hex::encode(der(certificate)),
                "{certificate} {version:?}"
            );
        }
    }
}

#[tokio::test]
async fn apps_9_4_a_client_must_have_the_key_of_its_certificate() {
    let server = server().await;
    for version in [&TLS12, &TLS13] {
        for (certificate, key) in [
            ("p256", "server2"),
            ("p384", "p256"),
            ("rsa", "p256"),
            ("p256", "ed25519"),
        ] {
            let client = TlsClient {
                versions: vec![version],
                identity: Some((certificate, key)),
                ..TlsClient::default()
            };
            // With TLS 1.3 the client learns of it when it reads.
            if let Ok(mut client) = client.connect(&server).await {
                use tokio::io::AsyncReadExt;
                let error = soon(client.stream.read(&mut [0; 1])).await.unwrap_err();
                assert!(
                    error.to_string().contains("alert"),
                    "{certificate} {key}: {error}"
                );
            }
        }
    }
    until(|| server.counts().active == 0).await;
}

#[tokio::test]
async fn apps_9_5_without_a_certificate_the_connection_is_closed_until_there_is_one() {
    let (configs, receive) = watch::channel(None);
    let security = Security::Tls(receive);
    let server = Server::start(Options {
        security,
        ..Options::default()
    })
    .await;
    server.connect().await.assert_closed().await;
    assert_eq!(server.counts().peak, 0);
    let mut kept = Vec::new();
    for name in ["server", "server2"] {
        configs
            .send(Some(server_config(name, Protocol::Http1)))
            .unwrap();
        let mut client = TlsClient::default().connect(&server).await.unwrap();
        assert_eq!(client.get("/").await.status, 200);
        let shown = client.stream.get_ref().1.peer_certificates().unwrap();
        assert_eq!(shown, [der(name)], "new sessions get the new certificate");
        kept.push(client);
    }
    // Those with the earlier one go on.
    assert_eq!(kept[0].get("/").await.status, 200);
}

#[tokio::test]
async fn apps_9_5_beyond_the_soft_cap_the_handshake_completes() {
    let (_configs, security) = secured("server", Protocol::Http1);
    let sessions = SessionLimits {
        soft_cap: 1,
        hard_cap: 3,
        ..SessionLimits::default()
    };
    let server = Server::start(Options {
        security,
        sessions,
        ..Options::default()
    })
    .await;
    let mut first = TlsClient::default().connect(&server).await.unwrap();
    assert_eq!(first.get("/").await.status, 200);
    for _ in 0..20 {
        let mut second = TlsClient::default().connect(&server).await.unwrap();
        let message = "Service is currently busy and unable to serve new connections";
        second
            .receive()
            .await
            .assert_error(503, "SessionCapExhausted", message);
        second.assert_closed().await;
    }
    assert!(server.counts().peak < 3);
}

#[tokio::test]
async fn apps_9_5_idle_sessions_end_in_order() {
    let (_configs, security) = secured("server", Protocol::Http1);
    let idle_timeout = Some(Duration::from_millis(300));
    let sessions = SessionLimits {
        idle_timeout,
        ..SessionLimits::default()
    };
    let server = Server::start(Options {
        security,
        sessions,
        ..Options::default()
    })
    .await;
    let mut client = TlsClient::default().connect(&server).await.unwrap();
    assert_eq!(client.get("/").await.status, 200);
    // rustls reports an end without close_notify as an error.
    client.assert_closed().await;
}

#[tokio::test]
async fn apps_9_3_a_refusal_over_tls_reaches_a_client_that_is_still_writing() {
    let server = server().await;
    for _ in 0..5 {
        let mut client = TlsClient::default().connect(&server).await.unwrap();
        let length = 8 << 20;
        client
            .send(format!(
                "POST / HTTP/1.1\r\ncontent-length: {length}\r\n\r\n"
            ))
            .await;
        for _ in 0..8 {
            client.send(vec![b'x'; 1 << 20]).await;
        }
        let message = "HTTP request body is too large (max size allowed: 1MB)";
        client
            .receive()
            .await
            .assert_error(413, "RequestBodyTooLarge", message);
        client.assert_closed().await;
    }
}

#[tokio::test]
async fn apps_9_3_the_fragment_is_what_was_sent_over_tls() {
    let server = server().await;
    let mut client = TlsClient::default().connect(&server).await.unwrap();
    let sent: Vec<u8> = (0..=255).collect();
    client.send(&sent).await;
    let received = client.receive().await;
    assert_eq!(received.status, 400);
    assert!(received.body.ends_with(&sent));
    client.assert_closed().await;
    assert_eq!(server.counts().errors.parsing, 1);
}

#[tokio::test]
async fn a_client_that_speaks_no_tls_is_dropped() {
    let server = server().await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\n\r\n").await;
    use tokio::io::AsyncReadExt;
    let mut rest = Vec::new();
    let _ = soon(client.stream.read_to_end(&mut rest)).await;
    assert!(!rest.windows(4).any(|four| four == b"HTTP"), "{rest:?}");
    until(|| server.counts().active == 0).await;
    assert_eq!(server.counts().errors, Default::default());
}

#[tokio::test]
async fn pipelining_over_tls_in_batches() {
    let echo = Echo::new();
    let (_configs, security) = secured("server", Protocol::Http1);
    let server = Server::start(Options {
        security,
        service: echo,
        ..Options::default()
    })
    .await;
    let identity = Some(("p384", "p384"));
    let client = TlsClient {
        identity,
        ..TlsClient::default()
    };
    let mut client = client.connect(&server).await.unwrap();
    let wire: String = (0..1000)
        .map(|n| format!("GET /?{n} HTTP/1.1\r\nx: y\r\n\r\n"))
        .collect();
    client.send(&wire).await;
    for number in 0..1000 {
        assert_eq!(client.receive().await.json()["query"], number.to_string());
    }
}

#[test]
fn configurations_that_cannot_be_are_refused_by_part() {
    let (chain, key) = (pem("server.pem"), pem("server.key"));
    let make = |chain: &str, key: &str| tls::server_config(chain, key, Protocol::Http1);
    assert!(make(&chain, &key).is_ok());
    assert!(
        make(&format!("{chain}{}", pem("p256.pem")), &key).is_ok(),
        "a longer chain"
    );
    for chain in [
        "",
        "x",
        &key,
        "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
    ] {
        assert!(
            matches!(make(chain, &key), Err(TlsError::Chain(_))),
            "{chain}"
        );
    }
    for key in ["", "x", &chain] {
        assert!(matches!(make(&chain, key), Err(TlsError::Key(_))), "{key}");
    }
    let other = make(&chain, &pem("server2.key"));
    assert!(matches!(other, Err(TlsError::Configuration(_))));
}
