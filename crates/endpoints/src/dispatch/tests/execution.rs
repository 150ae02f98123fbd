//! What the execution loop does with transactions and results.

use super::*;

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
