//! Who takes part in a service: members with their keys, and the node.

use std::sync::{Arc, Mutex};

use quorate_crypto::{
    Curve, EcKeyPair, Entropy, RsaKeyPair, SystemEntropy,
    cert::{self, Certificate, Validity},
};
use quorate_governance::{LedgerSecretsView, NodeStartupState, ServiceContext};
use quorate_kv::State;
use quorate_ledger::LedgerSecrets;
use quorate_tables::{MemberId, NodeId, RecoveryRole};

use super::NOW;

/// What a founding member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No encryption key.
    Plain,
    /// An encryption key and no role.
    Keyed,
    /// An encryption key and this role.
    Role(RecoveryRole),
}

/// A member as the tests know it.
pub struct Member {
    pub id: MemberId,
    pub certificate: String,
    pub encryption: Option<RsaKeyPair>,
}

impl Member {
    /// A new member, part of no service.
    pub fn new(name: &str, keyed: bool) -> Self {
        let key = EcKeyPair::generate(Curve::P256, &SystemEntropy);
        let certificate = self_signed(&key, name);
        Self {
            id: MemberId::from_digest(&certificate.fingerprint()),
            certificate: certificate.to_pem(),
            encryption: keyed.then(rsa_key),
        }
    }

    pub fn encryption_pem(&self) -> Option<String> {
        self.encryption
            .as_ref()
            .map(|key| key.public_key().to_pem())
    }
}

/// An RSA key that nobody else has at the same time, from a pool: making one takes long.
pub(super) fn rsa_key() -> RsaKeyPair {
    static POOL: Mutex<Vec<String>> = Mutex::new(Vec::new());
    thread_local! {
        static TAKEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }
    let mut pool = POOL.lock().unwrap();
    // Worlds of one test are not compared with each other: eight keys tell all parties apart.
    let index = TAKEN.replace((TAKEN.get() + 1) % 8);
    while pool.len() <= index {
        let key = RsaKeyPair::generate(2048).unwrap();
        pool.push(key.to_pkcs8_pem().to_string());
    }
    RsaKeyPair::from_pem(&pool[index]).unwrap()
}

pub(super) fn self_signed(key: &EcKeyPair, name: &str) -> Certificate {
    let validity = Validity {
        from: NOW,
        days: 90,
    };
    let serial = cert::random_serial(&SystemEntropy);
    cert::self_signed(key, &format!("CN={name}"), &[], validity, &serial).unwrap()
}

/// The running node, as governance sees it.
pub struct Node {
    pub id: NodeId,
    pub service_key: Arc<EcKeyPair>,
    pub encryption: RsaKeyPair,
    pub csr: String,
    pub state: Mutex<NodeStartupState>,
    pub secrets: Mutex<LedgerSecrets>,
    pub committed: Mutex<State>,
}

impl ServiceContext for Node {
    fn node_state(&self) -> NodeStartupState {
        *self.state.lock().unwrap()
    }

    fn service_key(&self) -> Arc<EcKeyPair> {
        self.service_key.clone()
    }

    fn secrets(&self) -> LedgerSecretsView {
        let secrets = self.secrets.lock().unwrap();
        LedgerSecretsView {
            latest: secrets.latest().clone(),
            penultimate: secrets.penultimate().cloned(),
        }
    }

    fn committed(&self) -> State {
        self.committed.lock().unwrap().clone()
    }

    fn entropy(&self) -> &dyn Entropy {
        &SystemEntropy
    }

    fn now(&self) -> i64 {
        NOW
    }
}
