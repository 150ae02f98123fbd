use super::*;
use crate::reply;

fn frontend(paths: &[(&str, &str)]) -> Frontend {
    let mut frontend = Frontend::without_common_endpoints(Prefix::App, ApiInfo::default());
    for (verb, path) in paths {
        frontend.add(endpoint(verb, path)).unwrap();
    }
    frontend
}

fn endpoint(verb: &str, path: &str) -> Endpoint {
    Endpoint::new(verb.parse().unwrap(), path, |_| Ok(reply::empty(200))).auth([])
}

/// What a lookup found, as text.
fn find(frontend: &Frontend, verb: &str, path: &str) -> String {
    match frontend.find(&verb.parse().unwrap(), path) {
        Lookup::Found(known, index, captures) => {
            assert_eq!(
                frontend.endpoints()[index].template.text(),
                known.template.text()
            );
            let captured: Vec<&str> = captures.into_iter().map(|range| &path[range]).collect();
            format!("{} {:?}", known.template.text(), captured)
        }
        Lookup::Unknown => "unknown".to_owned(),
        Lookup::OtherVerbs(allow) => format!("allow {allow}"),
        Lookup::Ambiguous(templates) => format!("ambiguous {templates:?}"),
    }
}

#[test]
fn apps_1_paths_are_routed_by_their_first_segment() {
    for (path, expected) in [
        ("/app/log/private", (Prefix::App, "/log/private")),
        ("/app/", (Prefix::App, "/")),
        ("/gov/service/info", (Prefix::Gov, "/service/info")),
        ("/node/state", (Prefix::Node, "/state")),
        ("/log/private", (Prefix::App, "/log/private")),
        ("/foo/bar", (Prefix::App, "/foo/bar")),
        ("/app", (Prefix::App, "/app")),
        ("/node", (Prefix::App, "/node")),
        ("/", (Prefix::App, "/")),
        ("/nodes/x", (Prefix::App, "/nodes/x")),
        ("/application/x", (Prefix::App, "/application/x")),
        ("//node/state", (Prefix::App, "//node/state")),
        ("https://node/state", (Prefix::App, "https://node/state")),
        ("*", (Prefix::App, "*")),
        ("/%61pp/x", (Prefix::App, "/%61pp/x")),
    ] {
        assert_eq!(Prefix::route(path), expected, "{path}");
    }
}

#[test]
fn apps_3_2_literal_paths_win_over_templates() {
    let frontend = frontend(&[
        ("GET", "/t/{id}"),
        ("GET", "/t/commit"),
        ("POST", "/t/other"),
    ]);
    assert_eq!(find(&frontend, "GET", "/t/commit"), "/t/commit []");
    assert_eq!(find(&frontend, "GET", "/t/2.3"), "/t/{id} [\"2.3\"]");
    assert_eq!(find(&frontend, "GET", "/t/other"), "/t/{id} [\"other\"]");
}

#[test]
fn gov_1_1_action_routes_and_their_plain_sibling() {
    let frontend = frontend(&[
        ("GET", "/members/state-digests/{memberId}"),
        ("POST", "/members/state-digests/{memberId}:update"),
        ("POST", "/members/state-digests/{memberId}:ack"),
        ("POST", "/members/proposals:create"),
    ]);
    assert_eq!(
        find(&frontend, "POST", "/members/state-digests/abc:update"),
        "/members/state-digests/{memberId}:update [\"abc\"]"
    );
    assert_eq!(
        find(&frontend, "GET", "/members/state-digests/abc:update"),
        "/members/state-digests/{memberId} [\"abc:update\"]"
    );
    assert_eq!(
        find(&frontend, "POST", "/members/proposals%3Acreate"),
        "unknown"
    );
    assert_eq!(
        find(&frontend, "POST", "/members/state-digests/abc"),
        "allow OPTIONS, GET"
    );
    assert_eq!(
        find(&frontend, "PUT", "/members/state-digests/abc:ack"),
        "allow OPTIONS, GET, POST"
    );
}

#[test]
fn apps_3_2_allowed_verbs_come_in_the_order_of_the_parser() {
    let verbs = ["PATCH", "PUT", "POST", "HEAD", "GET", "DELETE"];
    let frontend = frontend(&verbs.map(|verb| (verb, "/x")));
    assert_eq!(
        find(&frontend, "OPTIONS", "/x"),
        "allow OPTIONS, DELETE, GET, HEAD, POST, PUT, PATCH"
    );
    assert_eq!(find(&frontend, "GET", "/y"), "unknown");
    assert_eq!(find(&frontend, "GET", "/x/"), "unknown");
}

#[test]
fn apps_3_2_there_is_no_automatic_head() {
    assert_eq!(
        find(&frontend(&[("GET", "/x")]), "HEAD", "/x"),
        "allow OPTIONS, GET"
    );
}

#[test]
fn apps_3_3_two_matching_templates_are_ambiguous() {
    let frontend = frontend(&[("GET", "/{a}/x"), ("GET", "/x/{b}"), ("POST", "/{c}/{d}")]);
    assert_eq!(
        find(&frontend, "GET", "/x/x"),
        "ambiguous [\"/{a}/x\", \"/x/{b}\"]"
    );
    assert_eq!(find(&frontend, "GET", "/y/x"), "/{a}/x [\"y\"]");
    assert_eq!(find(&frontend, "POST", "/x/x"), "/{c}/{d} [\"x\", \"x\"]");
}

#[test]
fn an_endpoint_without_a_policy_is_refused() {
    let mut frontend = frontend(&[]);
    let open = Endpoint::new(Method::GET, "/x", |_| Ok(reply::empty(200)));
    let error = frontend.add(open.clone()).err().unwrap();
    assert_eq!(
        error,
        RegistrationError::NoPolicy {
            method: "GET".to_owned(),
            template: "/x".to_owned()
        }
    );
    assert_eq!(find(&frontend, "GET", "/x"), "unknown");
    assert!(frontend.add(open.auth([])).is_ok());
}

#[test]
fn registration_refuses_what_cannot_work() {
    let mut frontend = frontend(&[("GET", "/x")]);
    let mut refused = |endpoint: Endpoint| frontend.add(endpoint).err().unwrap().to_string();
    assert_eq!(
        refused(endpoint("GET", "/x")),
        "Endpoint GET /x is registered twice"
    );
    assert_eq!(
        refused(endpoint("GET", "/{a}/{a}")),
        "Invalid templated path - duplicated component names (a, a): /{a}/{a}"
    );
    assert!(
        refused(endpoint("GET", "/y").auth([Auth::UserCert, Auth::Jwt]))
            .contains("uses policy jwt, which is not available in this version yet")
    );
    assert!(
        refused(endpoint("GET", "/y").auth([Auth::AllOf(vec![Auth::UserCert, Auth::Jwt])]))
            .contains("uses policy jwt")
    );
    assert_eq!(
        refused(endpoint("GET", "/y").auth([Auth::AllOf(vec![
            Auth::UserCert,
            Auth::AnyCert,
            Auth::UserCert
        ])])),
        "AND authentication policy contains duplicate policies identified by user_cert (policy = any_cert+user_cert+user_cert)"
    );
    assert!(refused(endpoint("GET", "/y").auth([Auth::AllOf(vec![])])).contains("names none"));
}

#[test]
fn apps_3_4_kinds_and_their_defaults() {
    use crate::endpoint::{Forwarding::*, Kind, Redirection};
    let made = |endpoint: Endpoint| (endpoint.forwarding, endpoint.redirection);
    let plain = || endpoint("GET", "/x");
    assert_eq!(made(plain()), (Always, Redirection::ToPrimary));
    assert_eq!(made(plain().read_only()), (Sometimes, Redirection::None));
    assert_eq!(made(plain().command()), (Sometimes, Redirection::None));
    assert_eq!(
        made(plain().kind(Kind::ReadWrite)),
        (Always, Redirection::ToPrimary)
    );
    assert_eq!(made(plain().forwarding(Never)), (Never, Redirection::None));
    assert_eq!(
        made(plain().read_only().forwarding(Sometimes)),
        (Sometimes, Redirection::ToPrimary)
    );
    assert_eq!(
        made(
            plain()
                .forwarding(Sometimes)
                .redirection(Redirection::ToBackup)
        ),
        (Sometimes, Redirection::ToBackup)
    );
}

#[test]
fn only_registered_endpoints_can_be_described() {
    let mut frontend = frontend(&[("GET", "/x/{a}")]);
    let operation = || Operation::new().summary("S");
    assert!(
        frontend
            .describe(Method::GET, "/x/{a}", operation())
            .is_ok()
    );
    assert_eq!(
        frontend
            .describe(Method::POST, "/x/{a}", operation())
            .err()
            .unwrap()
            .to_string(),
        "Endpoint POST /x/{a} is not registered"
    );
}
