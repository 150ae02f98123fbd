//! The little CBOR that COSE needs (RFC 8949): a bounded reader and a writer of the shortest definite forms.
