mod callers;
mod private;
mod public;

use std::sync::Arc;

use quorate_crypto::{
    Curve, EcKeyPair, SystemEntropy,
    cert::{Certificate, Validity, self_signed},
    cose::{RequestHeader, sign_request},
    sha256,
};
use quorate_endpoints::{
    Dispatcher, DispatcherOptions, Frontends, InterfaceRules, PoolOptions, Prefix, Response,
    ScriptPool,
    testing::{INTERFACE, MemoryHost, RequestBuilder, body, call, error, header, request},
};
use quorate_tables::{
    MEMBERS_CERTS, MEMBERS_INFO, MemberDetails, MemberId, MemberStatus, Pem, USERS_CERTS,
    UserDetails, UserId,
};
use serde_json::{Value, json};

use super::*;

struct App {
    host: Arc<MemoryHost>,
    dispatcher: Dispatcher,
    key: EcKeyPair,
    user: Certificate,
}

impl App {
    fn new() -> Self {
        let host = Arc::new(MemoryHost::default());
        let (key, user) = certificate(1);
        let id = UserId::from_digest(&user.fingerprint());
        host.write(|tx| USERS_CERTS.put(tx, &id, &Pem(user.to_pem())))
            .unwrap();
        let open = |prefix| {
            let frontend = Frontend::new(prefix, ApiInfo::default()).unwrap();
            frontend.gate().open();
            frontend
        };
        let mut app = open(Prefix::App);
        register(&mut app).unwrap();
        let frontends = Frontends {
            node: open(Prefix::Node),
            gov: open(Prefix::Gov),
            app,
        };
        let pool = ScriptPool::new(PoolOptions {
            threads: 1,
            stack_bytes: 1 << 18,
            queue: 1,
        });
        let dispatcher = Dispatcher::new(
            host.clone(),
            frontends,
            [(INTERFACE.to_owned(), InterfaceRules::default())],
            Arc::new(pool.unwrap()),
            DispatcherOptions { max_uncommitted: 0 },
        );
        Self {
            host,
            dispatcher,
            key,
            user,
        }
    }

    fn id(&self) -> UserId {
        UserId::from_digest(&self.user.fingerprint())
    }

    /// With the user's certificate.
    fn send(&self, request: RequestBuilder) -> Response {
        call(&self.dispatcher, request.certificate(self.user.der()))
    }

    fn get(&self, target: &str) -> Response {
        self.send(request("GET", target))
    }

    fn post(&self, target: &str, value: &Value) -> Response {
        self.send(request("POST", target).body(value.to_string()))
    }

    fn delete(&self, target: &str) -> Response {
        self.send(request("DELETE", target))
    }

    fn set_user_data(&self, data: &Value) {
        let details = UserDetails {
            user_data: data.clone(),
        };
        self.host
            .write(|tx| USERS_INFO.put(tx, &self.id(), &details))
            .unwrap();
    }
}

fn certificate(serial: u8) -> (EcKeyPair, Certificate) {
    let key = EcKeyPair::generate(Curve::P256, &SystemEntropy);
    let validity = Validity {
        from: 1_700_000_000,
        days: 1,
    };
    let certificate = self_signed(&key, "CN=someone", &[], validity, &[serial; 16]).unwrap();
    (key, certificate)
}

fn is_true(response: &Response) -> bool {
    response.status == 200 && response.body.as_ref() == b"true"
}

fn answer(response: &Response) -> (u16, Value) {
    (response.status, body(response))
}
