//! Which certificate the interfaces show, and from when on (node-and-operations.md 5.3).

use std::sync::{Arc, Mutex};

use quorate_crypto::cert::Certificate;
use quorate_http::{Interface, Security};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ServerConfig, ServerConnection,
    SignatureScheme,
};
use serde_json::json;

use super::*;
use crate::testing::{NODE_INTERFACE, SERVICE_INTERFACE};

/// Accepts any server and keeps its certificate.
#[derive(Debug)]
struct Keep(Mutex<Option<Vec<u8>>>);

impl ServerCertVerifier for Keep {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = Some(end_entity.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ]
    }
}

/// The certificate that a server with this configuration shows, by a handshake in memory.
fn shown(config: Arc<ServerConfig>) -> Certificate {
    let keep = Arc::new(Keep(Mutex::new(None)));
    let mut client = ClientConfig::builder_with_provider(Arc::new(quorate_http::tls::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(keep.clone())
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(config).unwrap();
    for _ in 0..10 {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
    let der = keep.0.lock().unwrap().take().expect("a handshake");
    Certificate::from_der(&der).unwrap()
}

/// The interfaces as they would be served.
fn served(node: &TestNode) -> Vec<Interface> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _within = runtime.enter();
    let local = &node.running.node.local;
    local.interfaces.take(&local.config).unwrap()
}

/// Present certificate of the interfaces in name order: `None` where connections are closed at once.
fn certificates(interfaces: &[Interface]) -> Vec<Option<Certificate>> {
    interfaces
        .iter()
        .map(|interface| match &interface.security {
            Security::Tls(source) => source.borrow().clone().map(shown),
            Security::Unsecured => panic!("no interface is without TLS here"),
        })
        .collect()
}

#[test]
fn node_and_operations_5_3_each_interface_shows_the_certificate_of_its_authority() {
    let node = found_with(|config| {
        config["network"]["rpc_interfaces"]["acme"] = json!({
            "bind_address": "127.0.0.1:0",
            "endorsement": {"authority": "ACME"}
        });
    });
    let local = &node.running.node.local;
    let interfaces = served(&node);
    let names: Vec<_> = local.interfaces.rpc().keys().map(String::as_str).collect();
    assert_eq!(names, ["acme", SERVICE_INTERFACE, NODE_INTERFACE]);
    let shown = certificates(&interfaces);
    assert!(shown[0].is_none(), "ACME: never gets a certificate");
    let endorsed = shown[1].as_ref().unwrap();
    assert!(endorsed.issued_by(&local.service.certificate));
    let own = shown[2].as_ref().unwrap();
    assert_eq!(own.der(), local.self_signed().der());
}

#[test]
fn node_and_operations_5_3_new_sessions_get_the_renewed_certificate() {
    let node = found();
    node.activate_all();
    let interfaces = served(&node);
    let before = certificates(&interfaces);
    node.accept(
        "set_all_nodes_certificate_validity",
        json!({ "valid_from": "310203040506Z" }),
    );
    for (before, after) in before.iter().zip(certificates(&interfaces)) {
        let (before, after) = (before.as_ref().unwrap(), after.unwrap());
        assert_ne!(before.der(), after.der());
        assert_eq!(after.subject(), before.subject());
        assert_eq!(after.spki_der(), before.spki_der());
    }
    let renewed: Vec<_> = certificates(&interfaces).into_iter().flatten().collect();
    assert_eq!(renewed[0].not_before(), renewed[1].not_before());
    assert_eq!(
        renewed[0].not_before(),
        quorate_crypto::cert::parse_valid_from("310203040506Z").unwrap()
    );
}
