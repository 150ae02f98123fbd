//! Key exchange on P-521, which AWS-LC has and rustls does not offer.

use std::fmt;

use aws_lc_rs::{agreement, rand::SystemRandom};
use rustls::{
    Error, NamedGroup, PeerMisbehaved,
    crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup},
    ffdhe_groups::FfdheGroup,
};

/// The group `secp521r1` (RFC 8446 4.2.7).
pub(super) static SECP521R1: &dyn SupportedKxGroup = &P521;

/// Length of an uncompressed point (SEC 1 2.3.3).
const POINT: usize = 1 + 2 * 66;

struct P521;

struct Exchange {
    private: agreement::EphemeralPrivateKey,
    public: agreement::PublicKey,
}

impl SupportedKxGroup for P521 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let generate = || {
            let private = agreement::EphemeralPrivateKey::generate(
                &agreement::ECDH_P521,
                &SystemRandom::new(),
            )?;
            let public = private.compute_public_key()?;
            Ok::<_, aws_lc_rs::error::Unspecified>(Exchange { private, public })
        };
        Ok(Box::new(generate().map_err(|_| GetRandomFailed)?))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let refused = Error::from(PeerMisbehaved::InvalidKeyShare);
        // AWS-LC takes other encodings too, TLS does not (RFC 8446 4.2.8.2). That the point is on
        // the curve is checked there.
        if peer.len() != POINT || peer.first() != Some(&4) {
            return Err(refused);
        }
        let peer = agreement::UnparsedPublicKey::new(&agreement::ECDH_P521, peer);
        agreement::agree_ephemeral(self.private, peer, refused, |secret| {
            Ok(SharedSecret::from(secret))
        })
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_ref()
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

impl fmt::Debug for P521 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("secp521r1")
    }
}
