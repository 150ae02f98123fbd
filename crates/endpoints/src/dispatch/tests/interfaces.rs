//! Interfaces, redirection, sessions and the script pool.

use super::*;

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
