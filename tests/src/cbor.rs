//! COSE_Sign1 messages put together by hand, right or wrong (RFC 9052, governance-api.md 2.1).

use quorate_crypto::cose::CoseAlg;

use crate::identity::Identity;

/// An item of CBOR.
#[derive(Clone)]
pub enum Item {
    /// A whole number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
    /// A list.
    Array(Vec<Item>),
    /// Pairs in their order.
    Map(Vec<(Item, Item)>),
    /// A tagged item.
    Tag(u64, Box<Item>),
    /// `null`.
    Null,
}

impl Item {
    /// A text.
    pub fn text(text: &str) -> Item {
        Item::Text(text.to_owned())
    }

    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Item::Int(n) if *n >= 0 => head(out, 0, n.unsigned_abs()),
            Item::Int(n) => head(out, 1, n.unsigned_abs() - 1),
            Item::Bytes(bytes) => {
                head(out, 2, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
            Item::Text(text) => {
                head(out, 3, text.len() as u64);
                out.extend_from_slice(text.as_bytes());
            }
            Item::Array(items) => {
                head(out, 4, items.len() as u64);
                items.iter().for_each(|item| item.write(out));
            }
            Item::Map(pairs) => {
                head(out, 5, pairs.len() as u64);
                for (key, value) in pairs {
                    key.write(out);
                    value.write(out);
                }
            }
            Item::Tag(tag, item) => {
                head(out, 6, *tag);
                item.write(out);
            }
            Item::Null => out.push(0xf6),
        }
    }
}

fn head(out: &mut Vec<u8>, major: u8, value: u64) {
    let bytes = value.to_be_bytes();
    let (info, from) = match value {
        0..=23 => (bytes[7], 8),
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&bytes[from..]);
}

/// A message of which every part can be changed.
pub struct Sign1 {
    /// Pairs of the protected header.
    pub protected: Vec<(Item, Item)>,
    /// Pairs of the unprotected header.
    pub unprotected: Vec<(Item, Item)>,
    /// The payload that is signed.
    pub payload: Vec<u8>,
    /// The payload that is sent instead.
    pub sent_payload: Option<Item>,
    /// The signature that is sent instead.
    pub sent_signature: Option<Vec<u8>>,
    /// The tag; `None`: untagged.
    pub tag: Option<u64>,
}

impl Sign1 {
    /// A right message.
    pub fn new(
        signer: &Identity,
        msg_type: &str,
        proposal_id: Option<&str>,
        payload: &[u8],
    ) -> Sign1 {
        let mut protected = vec![
            (Item::Int(1), Item::Int(algorithm(signer).1)),
            (Item::Int(4), Item::Bytes(signer.id.clone().into_bytes())),
            (Item::text("ccf.gov.msg.type"), Item::text(msg_type)),
        ];
        if let Some(id) = proposal_id {
            protected.push((Item::text("ccf.gov.msg.proposal_id"), Item::text(id)));
        }
        protected.push((
            Item::text("ccf.gov.msg.created_at"),
            Item::Int(crate::identity::now()),
        ));
        Sign1 {
            protected,
            unprotected: Vec::new(),
            payload: payload.to_vec(),
            sent_payload: None,
            sent_signature: None,
            tag: Some(18),
        }
    }

    /// The same with the value of a protected header changed.
    #[must_use]
    pub fn with(mut self, label: Item, value: Item) -> Self {
        let encoded = label.encode();
        self.protected.retain(|(key, _)| key.encode() != encoded);
        self.protected.push((label, value));
        self
    }

    /// The same without a protected header.
    #[must_use]
    pub fn without(mut self, label: &Item) -> Self {
        let encoded = label.encode();
        self.protected.retain(|(key, _)| key.encode() != encoded);
        self
    }

    /// The signed message.
    pub fn sign(self, signer: &Identity) -> Vec<u8> {
        let protected = Item::Map(self.protected).encode();
        let to_be_signed = Item::Array(vec![
            Item::text("Signature1"),
            Item::Bytes(protected.clone()),
            Item::Bytes(Vec::new()),
            Item::Bytes(self.payload.clone()),
        ]);
        let signature = self.sent_signature.unwrap_or_else(|| {
            signer
                .key()
                .sign_cose(algorithm(signer).0, &to_be_signed.encode())
        });
        let message = Item::Array(vec![
            Item::Bytes(protected),
            Item::Map(self.unprotected),
            self.sent_payload.unwrap_or(Item::Bytes(self.payload)),
            Item::Bytes(signature),
        ]);
        match self.tag {
            Some(tag) => Item::Tag(tag, Box::new(message)).encode(),
            None => message.encode(),
        }
    }
}

fn algorithm(signer: &Identity) -> (CoseAlg, i64) {
    match signer.key().curve() {
        quorate_crypto::Curve::P256 => (CoseAlg::Es256, -7),
        quorate_crypto::Curve::P384 => (CoseAlg::Es384, -35),
        quorate_crypto::Curve::P521 => (CoseAlg::Es512, -36),
    }
}

#[cfg(test)]
mod tests {
    use super::Item;

    #[test]
    fn items_are_encoded_as_rfc_8949_appendix_a() {
        for (item, hex) in [
            (Item::Int(0), "00"),
            (Item::Int(23), "17"),
            (Item::Int(24), "1818"),
            (Item::Int(1000), "1903e8"),
            (Item::Int(1_000_000), "1a000f4240"),
            (Item::Int(1_000_000_000_000), "1b000000e8d4a51000"),
            (Item::Int(-1), "20"),
            (Item::Int(-100), "3863"),
            (Item::Bytes(vec![1, 2]), "420102"),
            (Item::text("IETF"), "6449455446"),
            (Item::Array(vec![Item::Int(1), Item::Null]), "8201f6"),
            (Item::Map(vec![(Item::Int(1), Item::Int(2))]), "a10102"),
            (Item::Tag(18, Box::new(Item::Array(vec![]))), "d280"),
        ] {
            assert_eq!(hex::encode(item.encode()), hex);
        }
    }
}
