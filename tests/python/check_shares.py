"""Recombines the recovery shares of a service from its ledger and the members' keys, and opens the ledger with them.

Written from the contract (recovery-and-membership.md 5, kv-tables.md 11, ledger.md 2.2), with nothing but the
`cryptography` package and the ledger reader of PyPI's ccf. Prints what it found as JSON; any mismatch raises.
"""

import argparse
import base64
import itertools
import json
import sys

import ccf.ledger
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PRIME = 2**31 - 1
LIMBS = 10
SINGLETON = bytes(8)
SHARES = "public:ccf.internal.recovery_shares"
HISTORY = "public:ccf.internal.historical_encrypted_ledger_secret"


def parse_share(data):
    """44 bytes: an index and ten field elements, u32 little-endian."""
    assert len(data) == 4 * (LIMBS + 1), len(data)
    words = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    assert all(word < PRIME for word in words[1:]), "limb outside the field"
    return words[0], words[1:]


def combine(shares):
    """Lagrange interpolation at zero."""
    limbs = [0] * LIMBS
    for i, (x_i, y_i) in enumerate(shares):
        coefficient = 1
        for j, (x_j, _) in enumerate(shares):
            if i != j:
                coefficient = coefficient * x_j * pow(x_j - x_i, -1, PRIME) % PRIME
        limbs = [(limb + coefficient * y) % PRIME for limb, y in zip(limbs, y_i)]
    return limbs


def wrapping_key(limbs):
    material = b"".join(limb.to_bytes(4, "little") for limb in limbs)
    return HKDF(hashes.SHA256(), 32, salt=None, info=material).derive(material)


def open_blob(key, blob):
    """tag (16), iv (12), ciphertext."""
    return AESGCM(key).decrypt(blob[16:28], blob[28:] + blob[:16], None)


def read_ledger(directory):
    """The last row of the shares, all rows of the history of secrets, and all entries as bytes."""
    shares, history, entries = None, [], []
    for chunk in ccf.ledger.Ledger([directory], committed_only=False):
        for transaction in chunk:
            domain = transaction.get_public_domain()
            tables = domain.get_tables()
            if SHARES in tables:
                shares = json.loads(tables[SHARES][SINGLETON])
            if HISTORY in tables:
                history.append((domain.get_seqno(), json.loads(tables[HISTORY][SINGLETON])))
            entries.append((transaction.get_txid(), domain, transaction.get_raw_tx()))
    return shares, history, entries


def all_secrets(latest, history):
    """Start seqno and secret of every ledger secret, newest first."""
    found = []
    secret = latest
    for seqno, row in reversed(history):
        found.append((row.get("next_version", seqno + 1), secret))
        previous = row.get("previous_ledger_secret")
        if previous is None:
            break
        secret = open_blob(secret, base64.b64decode(previous["encrypted_data"]))
        assert len(secret) == 32
        if previous["version"] == 1:
            found.append((1, secret))
            break
    assert found[-1][0] == 1, found
    return found


def hmac_sha256(key, data):
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(data)
    return mac.finalize()


def sha256(data):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


def check_entry(txid, domain, raw, secrets):
    """Decrypts an entry, and checks its commit evidence. Returns the private plaintext."""
    seqno = domain.get_seqno()
    secret = next(secret for start, secret in secrets if start <= seqno)
    tag, iv = raw[8:24], raw[24:36]
    public_size = int.from_bytes(raw[36:44], "little")
    public, private = raw[44 : 44 + public_size], raw[44 + public_size :]
    plaintext = AESGCM(secret).decrypt(iv, private + tag, public)
    commit_secret = hmac_sha256(secret, b"Commit S")
    evidence = f"ce:{txid}:{hmac_sha256(commit_secret, txid.encode()).hex()}"
    assert sha256(evidence.encode()) == domain.get_commit_evidence_digest(), txid
    return plaintext


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--threshold", type=int, required=True)
    parser.add_argument("--key", action="append", required=True, help="member id=file with the RSA private key")
    arguments = parser.parse_args()
    keys = {}
    for argument in arguments.key:
        member, path = argument.split("=", 1)
        with open(path, "rb") as file:
            keys[member] = serialization.load_pem_private_key(file.read(), password=None)

    row, history, entries = read_ledger(arguments.ledger)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
    decrypted = {
        member: parse_share(keys[member].decrypt(base64.b64decode(share), oaep))
        for member, share in row["encrypted_shares"].items()
    }

    # Participants have the indices 1, 2, ... in ascending order of their ids; index 0 is the whole.
    partial = {member: share for member, share in decrypted.items() if share[0] != 0}
    whole = {member: share for member, share in decrypted.items() if share[0] == 0}
    assert [partial[member][0] for member in sorted(partial)] == list(range(1, len(partial) + 1))
    assert len({tuple(limbs) for _, limbs in decrypted.values()}) >= len(partial)

    secrets = {tuple(limbs) for _, limbs in whole.values()}
    for subset in itertools.permutations(partial.values(), arguments.threshold):
        secrets.add(tuple(combine(subset)))
    assert len(secrets) == 1, "shares disagree"
    limbs = list(secrets.pop())
    if arguments.threshold > 1:
        for subset in itertools.combinations(partial.values(), arguments.threshold - 1):
            assert combine(subset) != limbs, "fewer shares than the threshold suffice"

    wrapped = base64.b64decode(row["wrapped_latest_ledger_secret"])
    assert wrapped[16:28] == bytes(12), "the IV of the wrapped secret is zero"
    latest = open_blob(wrapping_key(limbs), wrapped)
    assert len(latest) == 32

    ledger_secrets = all_secrets(latest, history)
    private = [check_entry(txid, domain, raw, ledger_secrets) for txid, domain, raw in entries]
    json.dump(
        {
            "members": sorted(decrypted),
            "owners": sorted(whole),
            "secrets": sorted(start for start, _ in ledger_secrets),
            "entries": len(entries),
            "private": [plaintext.hex() for plaintext in private if plaintext],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
