//! What dispatch, authentication and commit bookkeeping cost for a quick handler, without the wire
//! and without the ledger: run `cargo bench -p quorate-endpoints --features testing`.

#![allow(missing_docs, clippy::expect_used)]

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use quorate_crypto::{
    Curve, EcKeyPair, SystemEntropy,
    cert::{Validity, self_signed},
};
use quorate_endpoints::{
    ApiInfo, Auth, Dispatcher, DispatcherOptions, Endpoint, Frontend, Frontends, InterfaceRules,
    Method, PoolOptions, Prefix, ScriptPool, reply,
    testing::{INTERFACE, MemoryHost, call, request},
};
use quorate_http::{Reply, Service};
use quorate_tables::{Pem, USERS_CERTS, UserId};

fn dispatch(criterion: &mut Criterion) {
    let key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
    let validity = Validity {
        from: 1_700_000_000,
        days: 1,
    };
    let user = self_signed(&key, "CN=user", &[], validity, &[1; 16]).expect("a certificate");
    let host = Arc::new(MemoryHost::default());
    host.write(|tx| {
        let id = UserId::from_digest(&user.fingerprint());
        USERS_CERTS
            .put(tx, &id, &Pem(user.to_pem()))
            .expect("a table");
        tx.put("records", "1", "\"message\"");
    });
    let frontend = |prefix| {
        let frontend = Frontend::new(prefix, ApiInfo::default()).expect("common endpoints");
        frontend.gate().open();
        frontend
    };
    let mut app = frontend(Prefix::App);
    let read = |path: &str, policies: Vec<Auth>| {
        Endpoint::new(Method::GET, path, |context| {
            Ok(reply::bytes(
                200,
                context.tx.get("records", b"1").unwrap_or_default(),
            ))
        })
        .read_only()
        .auth(policies)
    };
    app.add(read("/open", vec![])).expect("an endpoint");
    app.add(read("/user", vec![Auth::UserCert]))
        .expect("an endpoint");
    app.add(read("/user/{id}", vec![Auth::UserCert]))
        .expect("an endpoint");
    let frontends = Frontends {
        node: frontend(Prefix::Node),
        gov: frontend(Prefix::Gov),
        app,
    };
    let pool = Arc::new(ScriptPool::new(PoolOptions::default()).expect("threads"));
    let rules = [(INTERFACE.to_owned(), InterfaceRules::default())];
    let dispatcher = Dispatcher::new(host, frontends, rules, pool, DispatcherOptions::default());
    for (name, target) in [
        ("read without policy", "/app/open"),
        ("read with user_cert", "/app/user"),
        ("read with user_cert and a parameter", "/app/user/1"),
    ] {
        let made = || request("GET", target).certificate(user.der());
        assert_eq!(call(&dispatcher, made()).status, 200);
        let request = made().build();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| match dispatcher.call(black_box(request.clone())) {
                Reply::Now(response) => response.status,
                Reply::Later(_) => 0,
            });
        });
    }
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
