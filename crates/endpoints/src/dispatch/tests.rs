use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    sync::mpsc::{channel, sync_channel},
};

use quorate_crypto::{
    Curve, EcKeyPair, SystemEntropy,
    cert::{Validity, self_signed},
    sha256,
};
use quorate_http::{Method, Session};
use quorate_tables::{Pem, USERS_CERTS, UserId};
use serde_json::{Value, json};

use super::*;
use crate::{
    CommitFailure, Endpoint, Forwarding, Redirection,
    auth::Auth,
    interface::{NodeRole, Redirections, Resolver},
    openapi::ApiInfo,
    pool::PoolOptions,
    reply,
    testing::{INTERFACE, MemoryHost, VIEW, body, call, error, header, request, wait},
    version::ApiVersion,
};

const TXID: &str = "x-ms-ccf-transaction-id";
const MAP: &str = "public:test";

struct Node {
    host: Arc<MemoryHost>,
    dispatcher: Dispatcher,
}

struct Setup {
    host: Arc<MemoryHost>,
    node: Frontend,
    gov: Frontend,
    app: Frontend,
    interfaces: BTreeMap<String, InterfaceRules>,
    options: DispatcherOptions,
    pool: PoolOptions,
}

impl Setup {
    fn new() -> Self {
        let open = |prefix| {
            let frontend = Frontend::new(prefix, ApiInfo::default()).unwrap();
            frontend.gate().open();
            frontend
        };
        Self {
            host: Arc::default(),
            node: open(Prefix::Node),
            gov: open(Prefix::Gov),
            app: open(Prefix::App),
            interfaces: BTreeMap::from([(INTERFACE.to_owned(), InterfaceRules::default())]),
            options: DispatcherOptions::default(),
            pool: PoolOptions {
                threads: 1,
                stack_bytes: 1 << 18,
                queue: 1,
            },
        }
    }

    fn app(mut self, endpoint: Endpoint) -> Self {
        self.app.add(endpoint).unwrap();
        self
    }

    fn gov(mut self, endpoint: Endpoint) -> Self {
        self.gov.add(endpoint).unwrap();
        self
    }

    fn interface(mut self, name: &str, rules: InterfaceRules) -> Self {
        self.interfaces.insert(name.to_owned(), rules);
        self
    }

    fn build(self) -> Node {
        let Self {
            host,
            node,
            gov,
            app,
            interfaces,
            options,
            pool,
        } = self;
        let dispatcher = Dispatcher::new(
            host.clone(),
            Frontends { node, gov, app },
            interfaces,
            Arc::new(ScriptPool::new(pool).unwrap()),
            options,
        );
        Node { host, dispatcher }
    }
}

impl Node {
    fn get(&self, target: &str) -> Response {
        call(&self.dispatcher, request("GET", target))
    }

    fn post(&self, target: &str) -> Response {
        call(&self.dispatcher, request("POST", target))
    }
}

/// Writes `1` to key `k`, and answers with a status.
fn writer(path: &str, status: u16) -> Endpoint {
    Endpoint::new(Method::POST, path, move |context| {
        context.tx.put(MAP, "k", "1");
        context.set_header("x-handler", "1");
        Ok(reply::empty(status))
    })
    .auth([])
}

fn reader(path: &str) -> Endpoint {
    Endpoint::new(Method::GET, path, |context| {
        let value = context.tx.get(MAP, b"k").unwrap_or_default();
        Ok(reply::bytes(200, value))
    })
    .read_only()
    .auth([])
}

#[test]
fn apps_3_5_a_write_shows_its_own_id_and_a_read_the_version_it_read() {
    let node = Setup::new()
        .app(writer("/w", 200))
        .app(reader("/r"))
        .build();
    assert_eq!(header(&node.get("/app/r"), TXID).as_deref(), Some("2.0"));
    assert_eq!(header(&node.post("/app/w"), TXID).as_deref(), Some("2.1"));
    assert_eq!(header(&node.get("/app/r"), TXID).as_deref(), Some("2.1"));
    assert_eq!(header(&node.post("/w"), TXID).as_deref(), Some("2.2"));
    assert_eq!(node.get("/r").body.as_ref(), b"1");
    assert_eq!(node.host.commits(), 2, "reads are not ordered");
}

#[test]
fn apps_3_5_a_command_without_kv_access_has_no_id() {
    let node = Setup::new().build();
    for target in [
        "/app/commit",
        "/gov/commit",
        "/node/commit",
        "/app/tx?transaction_id=2.1",
    ] {
        let response = node.get(target);
        assert_eq!(
            (response.status, header(&response, TXID)),
            (200, None),
            "{target}"
        );
    }
}

#[test]
fn apps_7_10_a_failure_discards_its_writes_and_has_no_id() {
    let node = Setup::new()
        .app(writer("/w404", 404))
        .app(writer("/w304", 304))
        .app(
            Endpoint::new(Method::POST, "/error", |context| {
                context.tx.put(MAP, "k", "1");
                context.set_header("x-handler", "1");
                Err(ApiError::invalid_input("no"))
            })
            .auth([]),
        )
        .build();
    for target in ["/w404", "/w304", "/error"] {
        let response = node.post(target);
        assert_eq!(header(&response, TXID), None, "{target}");
    }
    let response = node.post("/error");
    assert_eq!(header(&response, "x-handler"), None, "headers are dropped");
    assert_eq!(
        response.body.as_ref(),
        br#"{"error":{"code":"InvalidInput","message":"no"}}"#
    );
    assert_eq!(node.host.value(MAP, b"k"), None);
    assert_eq!(node.host.commits(), 0);
}

#[test]
fn apps_7_10_a_handler_can_force_or_suppress_its_writes() {
    let forced = |path: &str, status, apply| {
        Endpoint::new(Method::POST, path, move |context| {
            context.tx.put(MAP, path_key(context.request.path()), "1");
            context.set_apply_writes(apply);
            if status < 300 {
                Ok(reply::empty(status))
            } else {
                Err(ApiError::internal("x"))
            }
        })
        .auth([])
    };
    fn path_key(path: &str) -> Vec<u8> {
        path.as_bytes().to_vec()
    }
    let node = Setup::new()
        .app(forced("/keep", 500, true))
        .app(forced("/drop", 200, false))
        .build();
    let kept = node.post("/keep");
    assert_eq!(
        (kept.status, header(&kept, TXID).as_deref()),
        (500, Some("2.1"))
    );
    assert!(node.host.value(MAP, b"/keep").is_some());
    let dropped = node.post("/drop");
    assert_eq!((dropped.status, header(&dropped, TXID)), (200, None));
    assert!(node.host.value(MAP, b"/drop").is_none());
}

#[test]
fn apps_7_a_conflict_runs_the_request_again() {
    let runs = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&runs);
    let node = Setup::new()
        .app(
            Endpoint::new(Method::POST, "/w", move |context| {
                let run = counter.fetch_add(1, Ordering::SeqCst);
                context.tx.get(MAP, b"k");
                context.tx.put(MAP, "k", run.to_string());
                Ok(reply::bytes(200, run.to_string()))
            })
            .auth([]),
        )
        .build();
    node.host
        .fail_next([CommitFailure::Conflict, CommitFailure::Conflict]);
    let response = node.post("/w");
    assert_eq!((response.status, response.body.as_ref()), (200, &b"2"[..]));
    assert_eq!(node.host.value(MAP, b"k"), Some(b"2".to_vec()));
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[test]
fn apps_7_authentication_is_repeated_with_each_attempt() {
    // While the first attempt runs, its caller is removed: the second one is refused.
    let key = EcKeyPair::generate(Curve::P256, &SystemEntropy);
    let validity = Validity {
        from: 1_700_000_000,
        days: 1,
    };
    let certificate = self_signed(&key, "CN=user", &[], validity, &[1; 16]).unwrap();
    let id = UserId::from_digest(&certificate.fingerprint());
    let setup = Setup::new();
    setup.host.write(|tx| {
        USERS_CERTS
            .put(tx, &id, &Pem(certificate.to_pem()))
            .unwrap()
    });
    let host = Arc::clone(&setup.host);
    let node = setup
        .app(
            Endpoint::new(Method::POST, "/w", move |context| {
                context.tx.put(MAP, "k", "1");
                host.write(|tx| USERS_CERTS.remove(tx, &id).unwrap());
                Ok(reply::empty(200))
            })
            .auth([Auth::UserCert]),
        )
        .build();
    let response = call(
        &node.dispatcher,
        request("POST", "/w").certificate(certificate.der()),
    );
    assert_eq!(
        body(&response)["error"]["details"][0]["message"],
        "Could not find matching user certificate"
    );
    assert_eq!(node.host.value(MAP, b"k"), None);
}

#[test]
fn apps_7_thirty_attempts_are_made_at_most() {
    let node = Setup::new().app(writer("/w", 200)).build();
    node.host
        .fail_next((0..29).map(|_| CommitFailure::Conflict));
    assert_eq!(node.post("/w").status, 200);
    assert_eq!(node.host.commits(), 30);
    node.host
        .fail_next((0..40).map(|_| CommitFailure::Conflict));
    let response = node.post("/w");
    assert_eq!(
        error(&response),
        (
            503,
            "TransactionCommitAttemptsExceedLimit".to_owned(),
            "Transaction continued to conflict after 30 attempts. Retry later.".to_owned()
        )
    );
    assert_eq!(header(&response, "retry-after").as_deref(), Some("3"));
    assert_eq!(node.host.commits(), 60);
}

#[test]
fn apps_7_a_claims_digest_survives_a_retry() {
    let first = Arc::new(AtomicU64::new(0));
    let node = Setup::new()
        .app(
            Endpoint::new(Method::POST, "/w", move |context| {
                context.tx.put(MAP, "k", "1");
                if first.fetch_add(1, Ordering::SeqCst) == 0 {
                    context.tx.set_claims_digest(sha256(b"claim"));
                }
                Ok(reply::empty(200))
            })
            .auth([]),
        )
        .build();
    node.host.fail_next([CommitFailure::Conflict]);
    node.post("/w");
    assert_eq!(node.host.last().unwrap().claims, sha256(b"claim"));
}

#[test]
fn apps_7_results_of_commit() {
    let node = Setup::new().app(writer("/w", 200)).build();
    let refused = |failure| {
        node.host.fail_next([failure]);
        let response = node.post("/w");
        assert_eq!(header(&response, TXID), None);
        assert_eq!(header(&response, "x-handler"), None);
        error(&response)
    };
    assert_eq!(
        refused(CommitFailure::NotReplicated),
        (
            503,
            "TransactionReplicationFailed".to_owned(),
            "Transaction failed to replicate.".to_owned()
        )
    );
    let (status, code, message) = refused(CommitFailure::TooLarge {
        bytes: 20,
        limit: 10,
    });
    assert_eq!((status, code.as_str()), (413, "RequestBodyTooLarge"));
    assert!(message.contains("20 bytes, at most 10"));
    assert_eq!(
        refused(CommitFailure::Unavailable("disk full".to_owned())).0,
        503
    );
    assert_eq!(
        refused(CommitFailure::Invalid("reserved".to_owned())).0,
        500
    );
}

#[test]
fn apps_7_local_commit_handlers_see_the_id_and_cannot_undo() {
    let endpoint = |path: &str, fail: bool| {
        Endpoint::new(Method::POST, path, move |context| {
            context.tx.put(MAP, "k", "1");
            context.set_header("x-handler", "1");
            context.on_local_commit(move |txid, response| {
                response.body = txid.to_string().into();
                if fail {
                    Err("failed".to_owned())
                } else {
                    Ok(())
                }
            });
            Ok(reply::empty(200))
        })
        .auth([])
    };
    let node = Setup::new()
        .app(endpoint("/good", false))
        .app(endpoint("/bad", true))
        .build();
    assert_eq!(node.post("/good").body.as_ref(), b"2.1");
    let response = node.post("/bad");
    assert_eq!(
        error(&response),
        (
            500,
            "InternalError".to_owned(),
            "Failed to execute local commit handler func: failed".to_owned()
        )
    );
    assert_eq!(header(&response, TXID).as_deref(), Some("2.2"));
    assert_eq!(header(&response, "x-handler"), None);
    assert_eq!(node.host.head().seqno, 2);
}

#[test]
fn apps_3_4_a_read_only_endpoint_that_writes_is_an_internal_error() {
    let node = Setup::new()
        .app(writer("/ro", 200).read_only())
        .app(writer("/command", 200).command())
        .build();
    for target in ["/ro", "/command"] {
        let (status, code, message) = error(&node.post(target));
        assert_eq!((status, code.as_str()), (500, "InternalError"));
        assert!(message.contains("declared as read-only, but has written"));
    }
    assert_eq!(node.host.commits(), 0);
}

#[test]
fn apps_7_1_back_pressure_refuses_but_for_the_node_frontend() {
    let mut setup = Setup::new().app(writer("/w", 200));
    setup.options.max_uncommitted = 2;
    let node = setup.build();
    assert_eq!(node.post("/w").status, 200);
    assert_eq!(node.post("/w").status, 200);
    let busy = (
        503,
        "TooManyPendingTransactions".to_owned(),
        "Too many transactions pending commit on the service.".to_owned(),
    );
    assert_eq!(error(&node.post("/w")), busy);
    assert_eq!(
        error(&node.get("/app/unknown")),
        busy,
        "before everything else"
    );
    assert_eq!(error(&node.get("/gov/commit")), busy);
    assert_eq!(node.get("/node/commit").status, 200);
    node.host.set_committed(1);
    assert_eq!(node.post("/w").status, 200);
    node.host.set_committed(2);
    node.host.set_primary(false);
    assert_eq!(
        node.get("/app/commit").status,
        200,
        "only a primary has back-pressure"
    );
}

#[test]
fn apps_7_1_zero_switches_back_pressure_off() {
    let mut setup = Setup::new().app(writer("/w", 200));
    setup.options.max_uncommitted = 0;
    let node = setup.build();
    for _ in 0..5 {
        assert_eq!(node.post("/w").status, 200);
    }
}

#[test]
fn apps_1_a_closed_frontend_knows_no_path() {
    let setup = Setup::new().app(writer("/w", 200));
    let gate = setup.app.gate();
    gate.close();
    let node = setup.build();
    for target in ["/app/w", "/app/nothing", "/", "/app/commit"] {
        assert_eq!(
            error(&node.post(target)),
            (
                404,
                "FrontendNotOpen".to_owned(),
                "Frontend is not open.".to_owned()
            ),
            "{target}"
        );
    }
    assert_eq!(node.get("/node/commit").status, 200);
    gate.open();
    assert_eq!(node.post("/app/w").status, 200);
}

#[test]
fn apps_3_2_unknown_paths_and_other_verbs() {
    let node = Setup::new().app(writer("/w", 200)).build();
    let unknown = |path: &str| {
        (
            404,
            "ResourceNotFound".to_owned(),
            format!("Unknown path: {path}."),
        )
    };
    assert_eq!(error(&node.get("/app/no")), unknown("/no"));
    assert_eq!(error(&node.get("/no/way")), unknown("/no/way"));
    assert_eq!(error(&node.get("/app")), unknown("/app"));
    assert_eq!(error(&node.get("/")), unknown("/"));
    assert_eq!(error(&node.get("/node/x?y=1")), unknown("/x"));
    let other = node.get("/app/w");
    assert_eq!(
        error(&other),
        (
            405,
            "UnsupportedHttpVerb".to_owned(),
            "Allowed methods for '/w' are: OPTIONS, POST.".to_owned()
        )
    );
    assert_eq!(header(&other, "allow").as_deref(), Some("OPTIONS, POST"));
    let options = call(&node.dispatcher, request("OPTIONS", "/app/w"));
    assert_eq!((options.status, options.body.len()), (204, 0));
    assert_eq!(header(&options, "allow").as_deref(), Some("OPTIONS, POST"));
    let odd = call(&node.dispatcher, request("M-SEARCH", "/app/w"));
    assert_eq!(odd.status, 405);
}

#[test]
fn apps_3_3_an_ambiguous_path_is_a_fault_that_names_the_templates() {
    let node = Setup::new()
        .app(reader("/{a}/x"))
        .app(reader("/x/{b}"))
        .build();
    let response = node.get("/app/x/x");
    assert_eq!(
        error(&response),
        (
            500,
            "InternalError".to_owned(),
            "Exception: Multiple potential matches for path: /x/x\n  /{a}/x\n  /x/{b}".to_owned()
        )
    );
    assert!(response.close);
}

#[test]
fn parameters_reach_the_handler_raw_and_decoded() {
    let node = Setup::new()
        .app(
            Endpoint::json(Method::GET, "/p/{id}/{other}:do", |context| {
                Ok(json!([
                    context.param("id")?,
                    context.param_decoded("id")?,
                    context.param("other")?,
                    context.params.raw("none"),
                ]))
            })
            .auth([]),
        )
        .build();
    assert_eq!(
        body(&node.get("/app/p/a%20b+c%ff/x:do?id=1")),
        json!(["a%20b+c%ff", "a b c\u{fffd}", "x", null])
    );
}

#[test]
fn node_5_4_interfaces_filter_by_template() {
    let only = InterfaceRules::default()
        .accept(&["/app/p/\\{id\\}".to_owned()])
        .unwrap();
    let node = Setup::new()
        .app(reader("/p/{id}"))
        .app(reader("/q"))
        .interface("narrow", only.clone())
        .interface("plain", InterfaceRules::default().unsecured())
        .interface("plain-narrow", only.unsecured())
        .build();
    let status = |interface: &str, target: &str| {
        let response = call(
            &node.dispatcher,
            request("GET", target).interface(interface),
        );
        if response.status == 503 {
            assert!(response.body.is_empty());
        }
        response.status
    };
    assert_eq!(status("narrow", "/app/p/1"), 200);
    assert_eq!(status("narrow", "/app/q"), 503);
    assert_eq!(status("narrow", "/node/commit"), 503);
    assert_eq!(status("narrow", "/app/unknown"), 404, "lookup comes first");
    assert_eq!(status("plain", "/app/p/1"), 503);
    assert_eq!(status("plain-narrow", "/app/p/1"), 200);
    assert_eq!(status("unknown interface", "/app/p/1"), 500);
}

#[test]
fn apps_8_3_an_interface_with_redirections_redirects_unauthenticated() {
    let resolver = |role| Resolver::NodeByRole {
        role,
        interface: None,
    };
    let by_role = Redirections {
        to_primary: resolver(NodeRole::Primary),
        to_backup: resolver(NodeRole::Backup),
    };
    let fixed = Redirections {
        to_primary: Resolver::StaticAddress("primary:1".to_owned()),
        to_backup: Resolver::StaticAddress("backup:2".to_owned()),
    };
    let node = Setup::new()
        .app(writer("/w", 200).auth([Auth::UserCert]))
        .app(reader("/b").redirection(Redirection::ToBackup))
        .app(reader("/r"))
        .interface("role", InterfaceRules::default().redirect(by_role))
        .interface("fixed", InterfaceRules::default().redirect(fixed))
        .build();
    let send = |interface: &str, verb: &str, target: &str| {
        call(&node.dispatcher, request(verb, target).interface(interface))
    };
    let location = |response: &Response| header(response, "location");
    // One node: it is the primary, so what needs the primary is executed.
    assert_eq!(send("fixed", "POST", "/app/w").status, 401);
    let to_backup = send("fixed", "GET", "/app/b?x=%20#y");
    assert_eq!(
        (
            to_backup.status,
            to_backup.body.len(),
            location(&to_backup).as_deref()
        ),
        (307, 0, Some("https://backup:2/app/b?x=%20#y"))
    );
    assert_eq!(
        error(&send("role", "GET", "/app/b")),
        (
            503,
            "BackupNotFound".to_owned(),
            "Request should be redirected to backup, but receiving node does not know any current backup address".to_owned()
        )
    );
    node.host.set_backup("other");
    assert_eq!(
        location(&send("role", "GET", "/app/b")).as_deref(),
        Some("https://other/role/app/b"),
        "the interface of the same name"
    );
    assert_eq!(
        send(INTERFACE, "GET", "/app/b").status,
        200,
        "without redirections: executed"
    );
    node.host.set_primary(false);
    assert_eq!(
        location(&send("fixed", "POST", "/app/w")).as_deref(),
        Some("https://primary:1/app/w")
    );
    assert_eq!(
        error(&send("role", "POST", "/app/w")),
        (
            503,
            "PrimaryNotFound".to_owned(),
            "Request should be redirected to primary, but receiving node does not know current primary address".to_owned()
        )
    );
    assert_eq!(send("fixed", "GET", "/app/b").status, 200);
    assert_eq!(send("fixed", "GET", "/app/r").status, 200);
}

#[test]
fn apps_8_2_without_redirections_a_write_elsewhere_than_on_the_primary_is_refused() {
    let node = Setup::new()
        .app(writer("/w", 200))
        .app(writer("/never", 200).forwarding(Forwarding::Never))
        .app(reader("/r"))
        .build();
    node.host.set_primary(false);
    assert_eq!(
        error(&node.post("/app/w")),
        (
            503,
            "InternalError".to_owned(),
            "RPC could not be forwarded to unknown primary.".to_owned()
        )
    );
    assert_eq!(
        error(&call(&node.dispatcher, request("POST", "/app/w").http2())),
        (
            501,
            "NotImplemented".to_owned(),
            "Request cannot be forwarded to primary on HTTP/2 interface.".to_owned()
        )
    );
    assert_eq!(node.get("/app/r").status, 200);
    assert_eq!(
        error(&node.post("/app/never")).1,
        "TransactionReplicationFailed"
    );
}

#[test]
fn apps_8_4_a_session_ends_when_the_view_changes() {
    let node = Setup::new()
        .app(reader("/r"))
        .app(writer("/w", 200))
        .build();
    let session = Arc::new(Session::new(7, INTERFACE));
    let send = |verb, target| call(&node.dispatcher, request(verb, target).session(&session));
    assert_eq!(send("GET", "/r").status, 200);
    assert_eq!(send("POST", "/w").status, 200);
    node.host.set_view(Some(VIEW + 1));
    for (verb, target) in [("POST", "/w"), ("GET", "/node/commit")] {
        let lost = send(verb, target);
        assert_eq!(
            error(&lost),
            (
                500,
                "SessionConsistencyLost".to_owned(),
                "Potential loss of session consistency on session 7. Started in view 2, now in view 3. Closing session.".to_owned()
            )
        );
        assert!(lost.close);
        assert_eq!(header(&lost, TXID), None);
    }
    assert_eq!(node.host.head().seqno, 1, "the transaction was abandoned");
    assert_eq!(
        node.get("/r").status,
        200,
        "other sessions begin in the new view"
    );
}

#[test]
fn a_node_without_consensus_shows_no_ids() {
    let node = Setup::new().app(reader("/r")).build();
    node.host.set_view(None);
    let response = node.get("/r");
    assert_eq!((response.status, header(&response, TXID)), (200, None));
    assert_eq!(
        error(&node.get("/node/commit")),
        (
            500,
            "InternalError".to_owned(),
            "Error code: Uninitialised".to_owned()
        )
    );
}

#[test]
fn gov_1_2_the_version_is_checked_after_authentication_and_before_the_handler() {
    let endpoint = |path: &str, policies: Vec<Auth>, minimum| {
        Endpoint::new(Method::GET, path, |context| {
            Ok(reply::text(
                200,
                context.version.map_or("none", ApiVersion::as_str),
            ))
        })
        .auth(policies)
        .versioned(minimum)
    };
    let node = Setup::new()
        .gov(endpoint("/open", vec![], ApiVersion::Preview20230601))
        .gov(endpoint("/new", vec![], ApiVersion::V20240701))
        .gov(endpoint(
            "/closed",
            vec![Auth::MemberCert],
            ApiVersion::Preview20230601,
        ))
        .build();
    assert_eq!(error(&node.get("/gov/closed")).0, 401);
    assert_eq!(
        error(&node.get("/gov/open")).1,
        "MissingApiVersionParameter"
    );
    assert_eq!(
        error(&node.get("/gov/open?api-version=1")).1,
        "UnsupportedApiVersionValue"
    );
    assert_eq!(
        node.get("/gov/open?api-version=2023-06-01-preview")
            .body
            .as_ref(),
        b"2023-06-01-preview"
    );
    assert_eq!(
        error(&node.get("/gov/new?api-version=2023-06-01-preview")).1,
        "UnsupportedApiVersionValue"
    );
    assert_eq!(node.get("/gov/commit?api-version=nonsense").status, 200);
}

#[test]
fn gov_3_2_an_endpoint_can_have_the_root_over_what_it_reads() {
    let endpoint = |path: &str| {
        Endpoint::new(Method::GET, path, |context| {
            let root = context.root.map(|root| root.to_string());
            Ok(reply::text(200, root.unwrap_or_default()))
        })
        .auth([])
    };
    let node = Setup::new()
        .app(endpoint("/with").with_root())
        .app(endpoint("/without"))
        .build();
    assert_eq!(
        node.get("/with").body.as_ref(),
        sha256(b"2.0").to_string().as_bytes()
    );
    assert!(node.get("/without").body.is_empty());
    node.host.set_root(false);
    assert!(node.get("/with").body.is_empty());
}

#[test]
fn a_handler_that_panics_is_an_internal_error() {
    let node = Setup::new()
        .app(
            Endpoint::new(Method::POST, "/w", |context| {
                context.tx.put(MAP, "k", "1");
                panic!("expected by this test");
            })
            .auth([]),
        )
        .build();
    assert_eq!(error(&node.post("/w")).0, 500);
    assert_eq!(node.host.commits(), 0);
}

#[test]
fn scripts_run_on_the_pool_and_a_full_queue_is_503() {
    let (started, wait_started) = channel();
    let (release, wait_release) = sync_channel::<()>(0);
    let gate = parking_lot::Mutex::new((started, wait_release));
    let scripted = Executor::Script(Quota::Application);
    let node = Setup::new()
        .app(
            Endpoint::new(Method::POST, "/slow", move |context| {
                let gate = gate.lock();
                gate.0
                    .send(std::thread::current().name().map(str::to_owned))
                    .unwrap();
                gate.1.recv().unwrap();
                context.tx.put(MAP, "k", "1");
                Ok(reply::empty(200))
            })
            .auth([])
            .executor(scripted),
        )
        .app(reader("/scripted").executor(scripted))
        .app(reader("/inline"))
        .build();
    let send = |verb, target| node.dispatcher.call(request(verb, target).build());
    let first = send("POST", "/slow");
    assert!(matches!(first, Reply::Later(_)));
    assert_eq!(
        wait_started.recv().unwrap().as_deref(),
        Some("application-0")
    );
    let second = send("GET", "/scripted");
    let Reply::Now(full) = send("GET", "/scripted") else {
        panic!("the queue holds one")
    };
    assert_eq!(
        error(&full),
        (
            503,
            "InternalError".to_owned(),
            "The node is busy: 1 application requests are waiting for a script thread. Retry later.".to_owned()
        )
    );
    assert_eq!(node.get("/inline").status, 200, "quick handlers go on");
    release.send(()).unwrap();
    for reply in [first, second] {
        assert_eq!(wait(reply).status, 200);
    }
}

#[test]
fn apps_4_1_details_stand_between_code_and_message() {
    let error = ApiError::internal("m").with_detail(json!({ "code": "JSException" }));
    assert_eq!(
        error.into_response().body.as_ref(),
        br#"{"error":{"code":"InternalError","details":[{"code":"JSException"}],"message":"m"}}"#
    );
}

#[test]
fn every_document_is_served() {
    let node = Setup::new().app(writer("/w", 200)).build();
    let document: Value = body(&node.get("/app/api"));
    assert!(document["paths"]["/app/w"]["post"].is_object());
    assert!(document["paths"]["/app/commit"]["get"].is_object());
}
