//! Requests that fit no endpoint: versions, ids, paths, verbs, sizes, bytes that are no HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use quorate_tests::http::Request;
use quorate_tests::node::SERVICE_INTERFACE;
use quorate_tests::signer::Message;
use quorate_tests::{Service, ServiceOptions};
use serde_json::json;

#[test]
fn missing_or_unknown_api_version_1_2() {
    let service = Service::default_open();
    let client = service.client();
    let supported = "The supported api-versions are: 2023-06-01-preview, 2024-07-01";
    client.get("/gov/service/info").expect_error(
        400,
        "MissingApiVersionParameter",
        &format!("The api-version query parameter (?api-version=) is required for all requests. {supported}"),
    );
    for version in [
        "",
        "2024-07-02",
        "2024-07-01 ",
        "2023-06-01-Preview",
        "latest",
    ] {
        let target = format!(
            "/gov/service/info?api-version={}",
            version.replace(' ', "%20")
        );
        client.get(&target).expect_error(
            400,
            "UnsupportedApiVersionValue",
            &format!("Unsupported api-version '{version}'. {supported}"),
        );
    }
    client.get("/gov/service/javascript-app?api-version=2023-06-01-preview").expect_error(
        400,
        "UnsupportedApiVersionValue",
        "Unsupported api-version '2023-06-01-preview'. The supported api-versions are: 2024-07-01",
    );
    // The first occurrence counts.
    let first = client.get("/gov/service/info?api-version=2024-07-01&api-version=x");
    assert_eq!(first.status, 200, "{first}");

    let member = &service.members[0];
    let body = service
        .signer
        .sign(member, Message::new("proposal", b"{\"actions\": []}"));
    let answer = service
        .unchanged(|| client.post("/gov/members/proposals:create", "application/cose", body));
    answer.expect_error_starting(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter",
    );
}

#[test]
fn path_ids_of_wrong_shape_1_6() {
    let service = Service::default_open();
    let member = &service.members[0];
    let short = "abc".to_owned();
    let long = "a".repeat(65);
    let strange = "g".repeat(64);
    for id in [&short, &long, &strange] {
        for (path, kind) in [
            (format!("/service/members/{id}"), "member"),
            (format!("/service/users/{id}"), "user"),
            (format!("/service/nodes/{id}"), "node"),
            (format!("/members/proposals/{id}"), "proposal"),
            (format!("/members/proposals/{id}/actions"), "proposal"),
            (format!("/recovery/encrypted-shares/{id}"), "member"),
        ] {
            let text = format!("'{id}' is not a valid hex-encoded {kind} ID");
            service
                .gov(&path)
                .expect_error(400, "InvalidResourceName", &text);
        }
        let path = format!("/members/proposals/{id}/ballots/{}:submit", member.id);
        let message = Message::new("ballot", b"{}").about(id);
        let answer = service.unchanged(|| service.send(member, &path, message));
        let text = format!("'{id}' is not a valid hex-encoded proposal ID");
        answer.expect_error(400, "InvalidResourceName", &text);
        let answer = service.unchanged(|| service.withdraw(member, id));
        answer.expect_error(400, "InvalidResourceName", &text);
    }
    // Upper case is a valid id that nobody has.
    let upper = member.id.to_ascii_uppercase();
    let answer = service.gov(&format!("/service/members/{upper}"));
    answer.expect_error(
        404,
        "ResourceNotFound",
        &format!("Member m[{upper}] does not exist."),
    );
    for id in ["2", "x", "0.1", "2.0", "-1.1"] {
        service.gov(&format!("/service/transactions/{id}")).expect_error(
            400,
            "InvalidQueryParameterValue",
            &format!(
                "The value '{id}' passed as parameter 'transactionId' could not be converted to a valid \
                 Transaction ID."
            ),
        );
    }
}

#[test]
fn unknown_paths_and_verbs_1_1() {
    let service = Service::default_open();
    let client = service.client();
    for (path, shown) in [
        ("/gov/nowhere", "/nowhere"),
        (
            "/gov/members/proposals%3Acreate",
            "/members/proposals%3Acreate",
        ),
        ("/gov/service", "/service"),
        ("/gov/service/info/", "/service/info/"),
        ("/node/nowhere", "/nowhere"),
        ("/node", "/node"),
        ("/app/nowhere", "/nowhere"),
        ("/app", "/app"),
        ("/", "/"),
        ("/gov/../node/state", "/../node/state"),
    ] {
        client
            .get(path)
            .expect_error(404, "ResourceNotFound", &format!("Unknown path: {shown}."));
    }
    for (verb, path, shown, allowed) in [
        (
            "GET",
            "/gov/members/proposals:create",
            "/members/proposals:create",
            "OPTIONS, POST",
        ),
        (
            "DELETE",
            "/gov/service/info",
            "/service/info",
            "OPTIONS, GET",
        ),
        ("PUT", "/node/state", "/state", "OPTIONS, GET"),
        (
            "PATCH",
            "/app/log/private",
            "/log/private",
            "OPTIONS, DELETE, GET, POST",
        ),
    ] {
        let answer = service.unchanged(|| client.send(Request::new(verb, path)));
        answer.expect_error(
            405,
            "UnsupportedHttpVerb",
            &format!("Allowed methods for '{shown}' are: {allowed}."),
        );
        assert_eq!(answer.header("allow"), Some(allowed));
        assert_eq!(answer.status_line, "HTTP/1.1 405 METHOD_NOT_ALLOWED");
    }
    let options = client.send(Request::new("OPTIONS", "/node/state"));
    assert_eq!(
        (options.status, options.header("allow")),
        (204, Some("OPTIONS, GET"))
    );
}

#[test]
fn bodies_and_headers_beyond_the_limits_9_3() {
    let service = Service::default_open();
    let client = service.client();
    const LIMIT: usize = 1 << 20;
    let too_large = "HTTP request body is too large (max size allowed: 1048576)";
    for target in [
        "/gov/members/proposals:create",
        "/app/log/private",
        "/nowhere",
    ] {
        let answer =
            service.unchanged(|| client.post(target, "application/cose", vec![b'x'; LIMIT + 1]));
        answer.expect_error(413, "RequestBodyTooLarge", too_large);
    }
    // Chunked bodies are counted as they come, and far larger ones are cut short.
    let chunked = Request::new("POST", "/app/log/private").header("transfer-encoding", "chunked");
    client
        .send(chunked.body(vec![b'x'; 2 * LIMIT]))
        .expect_error(413, "RequestBodyTooLarge", too_large);
    let answer = client.post(
        "/app/log/private",
        "application/json",
        vec![b'x'; 20 * LIMIT],
    );
    answer.expect_error(413, "RequestBodyTooLarge", too_large);
    let within = client.post(
        &service.path("/members/proposals:create"),
        "application/cose",
        vec![b'x'; LIMIT],
    );
    within.expect_error_starting(
        500,
        "InternalError",
        "Failed to parse COSE_Sign1 outer array",
    );

    let value = "v".repeat(16 * 1024 + 1);
    client
        .send(Request::new("GET", "/node/state").header("x-long", &value))
        .expect_error(
            431,
            "RequestHeaderTooLarge",
            "Header value for 'x-long' is too large (max size allowed: 16384)",
        );
    let mut many = Request::new("GET", "/node/state");
    for i in 0..300 {
        many = many.header(&format!("x-{i}"), "v");
    }
    let answer = client.send(many);
    answer.expect_error(
        431,
        "RequestHeaderTooLarge",
        "Too many headers (max number allowed: 256)",
    );
    assert_eq!(client.get("/node/state").status, 200);
}

#[test]
fn a_transaction_beyond_the_entry_limit_is_refused_and_the_node_lives_3_1() {
    let service = Service::open(&ServiceOptions {
        changes: vec![("/memory/max_msg_size", json!("200000"))],
        ..ServiceOptions::default()
    });
    let user = service.user(0);
    let record = |size: usize| json!({"id": 1, "msg": "x".repeat(size)});
    let answer = service.unchanged(|| user.post_json("/app/log/private", &record(300_000)));
    answer.expect_error_starting(413, "RequestBodyTooLarge", "");
    assert_eq!(
        user.post_json("/app/log/private", &record(100_000))
            .expect(200),
        true
    );
}

#[test]
fn bytes_that_are_no_http_or_no_tls_disturb_nothing_9_1() {
    let service = Service::open(&ServiceOptions {
        changes: vec![(
            "/network/rpc_interfaces/plain",
            json!({
                "bind_address": "127.0.0.1:0",
                "endorsement": {"authority": "Unsecured"},
                "accepted_endpoints": ["/node/.*"]
            }),
        )],
        ..ServiceOptions::default()
    });
    let before = service.settled();
    let exchange = |interface: &str, bytes: &[u8]| {
        let mut stream = TcpStream::connect(service.node.address(interface)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // A connection that is reset instead of closed is as good.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    for bytes in [
        &b"\x01"[..],
        b"get / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/42.42",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /node/state HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /node/state HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST /node/state HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
    ] {
        let answer = exchange("plain", bytes);
        assert!(
            answer.starts_with("HTTP/1.1 400 BAD_REQUEST\r\n"),
            "{bytes:?}: {answer}"
        );
        assert!(answer.contains(
            "Unable to parse data as a HTTP request. Error message is: HTTP parsing failed ("
        ));
    }
    // Plain bytes to TLS, and anything to the interface between nodes.
    exchange(SERVICE_INTERFACE, b"GET /node/state HTTP/1.1\r\n\r\n");
    exchange(SERVICE_INTERFACE, &[0x16, 3, 1, 0xff, 0xff]);
    let to_node = std::fs::read_to_string(service.node.file("0.node_address")).unwrap();
    let to_node: serde_json::Value = serde_json::from_str(&to_node).unwrap();
    for bytes in [&b""[..], b"\x00", &[0xff; 100], &[0; 4096]] {
        let mut stream =
            TcpStream::connect(to_node["node_to_node_interface"].as_str().unwrap()).unwrap();
        let _ = stream.write_all(bytes);
    }
    assert!(
        exchange("plain", b"GET /node/state HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n")
    );
    // An unlisted endpoint of an interface with a list (node-and-operations.md 5.4).
    let unlisted = exchange("plain", b"GET /gov/commit HTTP/1.1\r\n\r\n");
    assert!(
        unlisted.starts_with("HTTP/1.1 503 SERVICE_UNAVAILABLE\r\n"),
        "{unlisted}"
    );
    assert_eq!(service.settled(), before);
}
