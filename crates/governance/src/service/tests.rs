//! A test for every answer of governance-api.md 3.9 to 3.17.

use quorate_crypto::sha256;
use quorate_tables::{
    CONSTITUTION, CodeStatus, ENDPOINTS, JWT_ISSUERS, JWT_PUBLIC_SIGNING_KEYS_METADATA_V2,
    JwtIssuerMetadata, JwtSigningKey, MEMBERS_CERTS, MEMBERS_INFO, MODULES, MemberStatus,
    NODES_ENDORSED_CERTIFICATES, NODES_INFO, NODES_SNP_HOST_DATA, NODES_SNP_MEASUREMENTS,
    NODES_SNP_TCB_VERSIONS, NODES_SNP_UVM_ENDORSEMENTS, NODES_VIRTUAL_HOST_DATA, NodeStatus,
    QuoteFormat, RecoveryRole, SERVICE_CONFIG, SERVICE_INFO, ServiceStatus, TLS_CA_CERT_BUNDLES,
    TcbVersionPolicy, USERS_CERTS, USERS_INFO, UserDetails, UserId, UvmEndorsement, legacy,
};
use serde_json::{Value, json};

use super::*;
use crate::{
    error::GovernanceError,
    testing::{FREE_CONSTITUTION, Kind, MEASUREMENT, Member, World},
};

fn world() -> World {
    World::founded(FREE_CONSTITUTION, &[Kind::Keyed], 1)
}

fn value_of(view: &impl serde::Serialize) -> Value {
    serde_json::to_value(view).unwrap()
}

fn info_of(world: &mut World) -> Result<ServiceInfoView, GovernanceError> {
    world.run(|tx, _| info(tx, &|seqno| (seqno == 180).then_some(4)))
}

#[test]
fn service_info_of_a_fresh_service() {
    let mut world = world();
    let certificate = world.service_certificate();
    assert_eq!(
        value_of(&info_of(&mut world).unwrap()),
        json!({
            "certificate": certificate,
            "configuration": {
                "maximumNodeCertificateValidityDays": 365,
                "maximumServiceCertificateValidityDays": 365,
                "recentCoseProposalsWindowSize": 100,
                "recoveryThreshold": 1,
            },
            "creationTransactionId": "2.1",
            "recoveryCount": 0,
            "serviceData": null,
            "status": "Opening",
        })
    );
}

#[test]
fn service_info_fills_defaults_and_omits_what_is_unset() {
    let mut world = world();
    world.write(|tx| {
        let mut info = SERVICE_INFO.get(tx).unwrap().unwrap();
        info.status = ServiceStatus::WaitingForRecoveryShares;
        info.recovery_count = None;
        info.current_service_create_txid = None;
        info.service_data = json!({ "a": [1] });
        info.previous_service_identity_version = Some(180);
        SERVICE_INFO.put(tx, &info).unwrap();
        let mut config = SERVICE_CONFIG.get(tx).unwrap().unwrap();
        config.maximum_node_certificate_validity_days = None;
        config.maximum_service_certificate_validity_days = Some(7);
        config.recent_cose_proposals_window_size = Some(3);
        SERVICE_CONFIG.put(tx, &config).unwrap();
    });
    let certificate = world.service_certificate();
    assert_eq!(
        value_of(&info_of(&mut world).unwrap()),
        json!({
            "certificate": certificate,
            "configuration": {
                "maximumNodeCertificateValidityDays": 365,
                "maximumServiceCertificateValidityDays": 7,
                "recentCoseProposalsWindowSize": 3,
                "recoveryThreshold": 1,
            },
            "previousServiceCreationTransactionId": "4.180",
            "recoveryCount": 0,
            "serviceData": { "a": [1] },
            "status": "WaitingForRecoveryShares",
        })
    );
    world.write(|tx| {
        let mut info = SERVICE_INFO.get(tx).unwrap().unwrap();
        info.previous_service_identity_version = Some(9);
        SERVICE_INFO.put(tx, &info).unwrap();
        SERVICE_CONFIG.remove(tx);
    });
    let view = value_of(&info_of(&mut world).unwrap());
    assert_eq!(view["previousServiceCreationTransactionId"], "0.9");
    assert_eq!(view.get("configuration"), None);
    world.write(|tx| SERVICE_INFO.remove(tx));
    world.refuses(
        info_of,
        "ResourceNotFound",
        "Service info not yet available",
    );
}

#[test]
fn the_constitution_is_shown_raw() {
    let mut world = world();
    assert_eq!(
        world.run(|tx, _| constitution(tx)).unwrap(),
        FREE_CONSTITUTION
    );
    world.write(|tx| CONSTITUTION.remove(tx));
    world.refuses(
        |world| world.run(|tx, _| constitution(tx)),
        "ResourceNotFound",
        "Constitution not found",
    );
}

#[test]
fn members_and_their_roles() {
    let mut world = world();
    let quiet = world.add_member(
        Member::new("quiet", true),
        Some(RecoveryRole::NonParticipant),
    );
    let owner = world.add_member(Member::new("owner", true), Some(RecoveryRole::Owner));
    let plain = world.add_member(Member::new("plain", false), None);
    world.set_status(plain, MemberStatus::Active);
    let id = world.members[plain].id.clone();
    world.write(|tx| {
        let mut details = MEMBERS_INFO.get(tx, &id).unwrap().unwrap();
        details.member_data = json!({ "a": 1 });
        MEMBERS_INFO.put(tx, &id, &details).unwrap();
    });
    let one = |world: &mut World, index: usize| {
        let id = world.id(index);
        value_of(&world.run(|tx, _| member(tx, &id)).unwrap())
    };
    let founder = &world.members[0];
    let expected = json!({
        "certificate": founder.certificate,
        "memberData": null,
        "memberId": founder.id,
        "publicEncryptionKey": founder.encryption_pem(),
        "recoveryRole": "Participant",
        "status": "Accepted",
    });
    assert_eq!(one(&mut world, 0), expected);
    assert_eq!(one(&mut world, quiet)["recoveryRole"], "NonParticipant");
    assert_eq!(one(&mut world, owner)["recoveryRole"], "Owner");
    // What was never stored is left out.
    assert_eq!(
        one(&mut world, plain),
        json!({
            "memberData": { "a": 1 },
            "memberId": id,
            "recoveryRole": "NonParticipant",
            "status": "Active",
        })
    );
    let all = value_of(&world.run(|tx, _| members(tx)).unwrap());
    let mut ids: Vec<String> = (0..4).map(|index| world.id(index)).collect();
    ids.sort();
    let listed: Vec<&Value> = all["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["memberId"])
        .collect();
    assert_eq!(listed, ids.iter().collect::<Vec<_>>());

    let unknown = "ab".repeat(32);
    world.refuses(
        |world| world.run(|tx, _| member(tx, &unknown)),
        "ResourceNotFound",
        &format!("Member m[{unknown}] does not exist."),
    );
    world.refuses(
        |world| world.run(|tx, _| member(tx, "xyz")),
        "InvalidResourceName",
        "'xyz' is not a valid hex-encoded member ID",
    );
}

#[test]
fn a_member_without_certificate_is_still_listed() {
    let mut world = world();
    let id = world.members[0].id.clone();
    world.write(|tx| MEMBERS_CERTS.remove(tx, &id).unwrap());
    let view = value_of(&world.run(|tx, _| member(tx, id.as_str())).unwrap());
    assert_eq!(view.get("certificate"), None);
}

#[test]
fn users_show_their_stored_details_as_they_are() {
    let mut world = world();
    let (first, second) = (
        UserId::from_digest(&[1; 32].into()),
        UserId::from_digest(&[2; 32].into()),
    );
    world.write(|tx| {
        USERS_CERTS.put(tx, &second, &"second".into()).unwrap();
        USERS_CERTS.put(tx, &first, &"first".into()).unwrap();
        let details = UserDetails {
            user_data: json!({ "isAdmin": true }),
        };
        USERS_INFO.put(tx, &first, &details).unwrap();
    });
    assert_eq!(
        value_of(&world.run(|tx, _| users(tx)).unwrap()),
        json!({ "value": [
            { "certificate": "first", "userData": { "user_data": { "isAdmin": true } }, "userId": first },
            { "certificate": "second", "userData": null, "userId": second },
        ]})
    );
    let view = world.run(|tx, _| user(tx, second.as_str())).unwrap();
    assert_eq!(value_of(&view)["certificate"], "second");
    let unknown = "ab".repeat(32);
    world.refuses(
        |world| world.run(|tx, _| user(tx, &unknown)),
        "ResourceNotFound",
        &format!("User u[{unknown}] does not exist."),
    );
    world.refuses(
        |world| world.run(|tx, _| user(tx, "q")),
        "InvalidResourceName",
        "'q' is not a valid hex-encoded user ID",
    );
}

#[test]
fn nodes_of_the_virtual_platform() {
    let mut world = world();
    let id = world.node.id.clone();
    let quote = world
        .node_info(NodeStatus::Trusted)
        .quote_info
        .quote
        .to_base64();
    let certificate = NODES_ENDORSED_CERTIFICATES
        .get_in(&world.state, &id)
        .unwrap()
        .unwrap();
    let expected = json!({
        "certificate": certificate,
        "nodeData": null,
        "nodeId": id,
        "quoteInfo": {
            "details": {
                "hostData": sha256(b"program"),
                "measurement": MEASUREMENT,
                "reportData": "AAAA",
            },
            "format": "Insecure_Virtual",
            "rawQuote": quote,
        },
        "retiredCommitted": false,
        "rpcInterfaces": { "primary_rpc_interface": { "publishedAddress": "127.0.0.1:18000" } },
        "status": "Trusted",
    });
    assert_eq!(
        value_of(&world.run(|tx, _| node(tx, id.as_str())).unwrap()),
        expected
    );
    assert_eq!(
        value_of(&world.run(|tx, _| nodes(tx)).unwrap()),
        json!({ "value": [expected] })
    );
    let unknown = "ab".repeat(32);
    world.refuses(
        |world| world.run(|tx, _| node(tx, &unknown)),
        "ResourceNotFound",
        &format!("Node n[{unknown}] does not exist."),
    );
    world.refuses(
        |world| world.run(|tx, _| node(tx, "q")),
        "InvalidResourceName",
        "'q' is not a valid hex-encoded node ID",
    );
}

#[test]
fn nodes_of_other_platforms() {
    let mut world = world();
    let id = world.node.id.clone();
    let mut quote_of = |format, uvm: Option<&[u8]>, tcb: Option<&str>| {
        world.write(|tx| {
            let mut info = NODES_INFO.get(tx, &id).unwrap().unwrap();
            info.quote_info.format = format;
            info.quote_info.quote = vec![1, 2].into();
            info.quote_info.endorsements = vec![3].into();
            info.quote_info.uvm_endorsements = uvm.map(Into::into);
            info.quote_info.endorsed_tcb = tcb.map(str::to_owned);
            info.rpc_interfaces
                .get_mut("primary_rpc_interface")
                .unwrap()
                .settings = json!({ "app_protocol": "HTTP2" })
                .as_object()
                .unwrap()
                .clone();
            NODES_INFO.put(tx, &id, &info).unwrap();
            NODES_ENDORSED_CERTIFICATES.remove(tx, &id).unwrap();
        });
        value_of(&world.run(|tx, _| node(tx, id.as_str())).unwrap())
    };
    let view = quote_of(QuoteFormat::AmdSevSnpV1, None, None);
    assert_eq!(view["quoteInfo"], json!({ "format": "AMD_SEV_SNP_v1" }));
    assert_eq!(view.get("certificate"), None);
    assert_eq!(
        view["rpcInterfaces"],
        json!({ "primary_rpc_interface": { "protocol": "HTTP2", "publishedAddress": "127.0.0.1:18000" } })
    );
    assert_eq!(
        quote_of(QuoteFormat::AmdSevSnpV1, Some(b"uvm"), Some("0102"))["quoteInfo"],
        json!({ "endorsedTcb": "AQI=", "format": "AMD_SEV_SNP_v1", "uvmEndorsements": "dXZt" })
    );
    assert_eq!(
        quote_of(QuoteFormat::OeSgxV1, None, None)["quoteInfo"],
        json!({ "endorsements": "Aw==", "format": "OE_SGX_v1", "quote": "AQI=" })
    );
}

#[test]
fn jwk_shows_bundles_issuers_and_keys_of_any_type() {
    let mut world = world();
    assert_eq!(
        value_of(&world.run(|tx, _| jwk(tx)).unwrap()),
        json!({ "caCertBundles": {}, "issuers": {}, "keys": {} })
    );
    let spki = world.node.service_key.public_key().to_spki_der();
    let pem = world.node.service_key.public_key().to_pem();
    let issuer = "https://issuer.example.com".to_owned();
    world.write(|tx| {
        TLS_CA_CERT_BUNDLES
            .put(tx, &"bundle".to_owned(), &"pem".into())
            .unwrap();
        let metadata = JwtIssuerMetadata {
            ca_cert_bundle_name: Some("bundle".to_owned()),
            auto_refresh: true,
        };
        JWT_ISSUERS.put(tx, &issuer, &metadata).unwrap();
        JWT_ISSUERS
            .put(tx, &"other".to_owned(), &JwtIssuerMetadata::default())
            .unwrap();
        let key = JwtSigningKey {
            public_key: spki.into(),
            issuer: issuer.clone(),
            constraint: None,
        };
        let constrained = JwtSigningKey {
            constraint: Some("https://c".to_owned()),
            ..key.clone()
        };
        JWT_PUBLIC_SIGNING_KEYS_METADATA_V2
            .put(tx, &"k1".to_owned(), &vec![key, constrained])
            .unwrap();
    });
    assert_eq!(
        value_of(&world.run(|tx, _| jwk(tx)).unwrap()),
        json!({
            "caCertBundles": { "bundle": "pem" },
            "issuers": {
                "https://issuer.example.com": { "autoRefresh": true, "caCertBundleName": "bundle" },
                "other": { "autoRefresh": false },
            },
            "keys": { "k1": [
                { "constraint": null, "issuer": issuer, "publicKey": pem },
                { "constraint": "https://c", "issuer": issuer, "publicKey": pem },
            ]},
        })
    );
}

#[test]
fn the_join_policy_has_every_part() {
    let mut world = world();
    let host_data = sha256(b"program").to_string();
    assert_eq!(
        value_of(&world.run(|tx, _| join_policy(tx)).unwrap()),
        json!({
            "sgx": { "measurements": [] },
            "snp": { "hostData": {}, "measurements": [], "tcbVersions": {}, "uvmEndorsements": {} },
            "virtual": { "hostData": [host_data], "measurements": [MEASUREMENT] },
        })
    );
    let (digest, measurement) = ("cd".repeat(32), "ab".repeat(48));
    world.write(|tx| {
        NODES_SNP_HOST_DATA
            .put(tx, &digest, &"policy".to_owned())
            .unwrap();
        NODES_SNP_MEASUREMENTS
            .put(tx, &measurement, &CodeStatus::AllowedToJoin)
            .unwrap();
        legacy::NODES_CODE_IDS
            .put(tx, &digest, &CodeStatus::AllowedToJoin)
            .unwrap();
        let policy = TcbVersionPolicy {
            snp: Some(3),
            ..TcbVersionPolicy::default()
        };
        NODES_SNP_TCB_VERSIONS
            .put(tx, &"00a00f11".to_owned(), &policy)
            .unwrap();
        let feeds = [(
            "f".to_owned(),
            UvmEndorsement {
                svn: "100".to_owned(),
            },
        )]
        .into();
        NODES_SNP_UVM_ENDORSEMENTS
            .put(tx, &"did:x".to_owned(), &feeds)
            .unwrap();
    });
    let view = value_of(&world.run(|tx, _| join_policy(tx)).unwrap());
    assert_eq!(view["sgx"], json!({ "measurements": [digest] }));
    assert_eq!(
        view["snp"],
        json!({
            "hostData": { digest.as_str(): "policy" },
            "measurements": [measurement],
            "tcbVersions": { "00a00f11": { "snp": 3 } },
            "uvmEndorsements": { "did:x": { "f": { "svn": "100" } } },
        })
    );
}

#[test]
fn a_join_policy_with_malformed_hex_cannot_be_shown() {
    let cases = [
        (
            "h1".to_owned(),
            "Output container of size 32 cannot fit decoded hex str 1".to_owned(),
        ),
        (
            "abc".to_owned(),
            "Input string 'abc' is not of even length".to_owned(),
        ),
        (
            "zz".repeat(32),
            format!("'z' in '{}' is not a hexadecimal digit", "zz".repeat(32)),
        ),
    ];
    for (key, text) in cases {
        let mut world = world();
        world.write(|tx| NODES_VIRTUAL_HOST_DATA.insert(tx, &key).unwrap());
        world.refuses(
            |world| world.run(|tx, _| join_policy(tx)),
            "InternalError",
            &text,
        );
    }
}

#[test]
fn the_javascript_application() {
    let mut world = world();
    let app = |world: &mut World, case: Option<&str>| world.run(|tx, _| javascript_app(tx, case));
    assert_eq!(app(&mut world, None).unwrap(), json!({ "endpoints": {} }));
    let minimal = json!({ "forwarding_required": "never", "authn_policies": [] });
    let full = json!({
        "js_module": "/m.js", "js_function": "f", "forwarding_required": "always",
        "redirection_strategy": "to_backup", "authn_policies": ["jwt", { "all_of": ["a", "b"] }],
        "mode": "readonly", "openapi": { "x": 1 }, "openapi_hidden": true, "own": [1],
    });
    world.write(|tx| {
        for (key, value) in [("GET /x/{id}", &minimal), ("POST /x/{id}", &full)] {
            tx.put(
                ENDPOINTS.name(),
                key.as_bytes(),
                value.to_string().into_bytes(),
            );
        }
        MODULES
            .put(tx, &"/m.js".to_owned(), &"source".to_owned())
            .unwrap();
        MODULES
            .put(tx, &"/a/b.js".to_owned(), &"other".to_owned())
            .unwrap();
    });
    assert_eq!(
        app(&mut world, None).unwrap(),
        json!({ "endpoints": { "/x/{id}": {
            "GET": {
                "authnPolicies": [], "forwardingRequired": "never", "jsFunction": "",
                "jsModule": "", "mode": "readwrite", "openApi": null,
                "redirectionStrategy": "to_primary",
            },
            "POST": {
                "authnPolicies": ["jwt", { "all_of": ["a", "b"] }],
                "forwardingRequired": "always", "jsFunction": "f", "jsModule": "/m.js",
                "mode": "readonly", "openApi": { "x": 1 }, "redirectionStrategy": "to_backup",
            },
        }}})
    );
    assert_eq!(
        app(&mut world, Some("original")).unwrap(),
        json!({ "endpoints": { "/x/{id}": { "GET": minimal, "POST": full } } })
    );
    for case in ["Original", ""] {
        world.refuses(
            |world| app(world, Some(case)),
            "InvalidQueryParameterValue",
            "Accepted values for the 'case' query parameter are: original",
        );
    }
    assert_eq!(
        value_of(&world.run(|tx, _| javascript_modules(tx)).unwrap()),
        json!({ "value": [{ "moduleName": "/a/b.js" }, { "moduleName": "/m.js" }] })
    );
    assert_eq!(
        world.run(|tx, _| javascript_module(tx, "/m.js")).unwrap(),
        "source"
    );
    world.refuses(
        |world| world.run(|tx, _| javascript_module(tx, "none")),
        "ResourceNotFound",
        "Module none does not exist.",
    );
}
