"""Walks a ledger directory with the reader of PyPI's ccf and prints what it found as JSON.

Every signature is verified: the Merkle root, the node's signature and the service's COSE signature.
With --trim a torn entry at the end of the last file is left out first, as after a crash.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile

import ccf.ledger

HEADER = 8


def text(data):
    """Bytes as text if they are text, else in hex."""
    if data is None:
        return None
    try:
        decoded = data.decode("utf-8")
        if all(c.isprintable() or c in "\n\r\t" for c in decoded):
            return decoded
    except UnicodeDecodeError:
        pass
    return "0x" + data.hex()


def trimmed_copy(directory, target):
    """Copies a ledger; an open file is copied up to its last whole entry."""
    cut = 0
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        with open(path, "rb") as file:
            data = file.read()
        if not name.endswith(".committed"):
            if len(data) < HEADER:
                cut += len(data)
                continue
            table = int.from_bytes(data[:HEADER], "little")
            if table == 0:
                end = HEADER
                while end + HEADER <= len(data):
                    size = int.from_bytes(data[end + 2 : end + HEADER], "little")
                    # A file that grew without being written ends in zeros.
                    if data[end] == 0 or end + HEADER + size > len(data):
                        break
                    end += HEADER + size
                cut += len(data) - end
                data = data[:end]
                if end == HEADER:
                    continue
        with open(os.path.join(target, name), "wb") as file:
            file.write(data)
    return cut


def walk(directory):
    ledger = ccf.ledger.Ledger([directory], committed_only=False)
    validator = ccf.ledger.LedgerValidator(accept_deprecated_entry_types=False)
    chunks, entries, state, unsigned = [], [], {}, []
    for chunk in ledger:
        first, last = chunk.get_seqnos()
        chunks.append(
            {
                "file": os.path.basename(chunk.filename()),
                "committed": chunk.is_committed(),
                "complete": chunk.is_complete(),
                "first": first,
                "entries": len(chunk),
            }
        )
        for transaction in chunk:
            domain = transaction.get_public_domain()
            tables = domain.get_tables()
            validator.add_transaction(transaction)
            written = {}
            for table, rows in tables.items():
                written[table] = {text(key): text(value) for key, value in rows.items()}
                present = state.setdefault(table, {})
                for key, value in rows.items():
                    if value is None:
                        present.pop(text(key), None)
                    else:
                        present[text(key)] = text(value)
            entries.append(
                {
                    "txid": transaction.get_txid(),
                    "seqno": domain.get_seqno(),
                    "flags": transaction.get_transaction_header().flags,
                    "private_bytes": transaction.get_private_domain_size(),
                    "claims": domain.get_claims_digest().hex(),
                    "tables": written,
                }
            )
            last_seqno = domain.get_seqno()
            if last_seqno != len(entries):
                raise ValueError(f"entry {len(entries)} has seqno {last_seqno}")
            unsigned.append(last_seqno)
            if "public:ccf.internal.signatures" in tables:
                unsigned.clear()
    verified = validator.last_verified_txid()
    return {
        "chunks": chunks,
        "entries": entries,
        "state": state,
        "signatures": validator.signature_count,
        "verified": {"view": verified.view, "seqno": verified.seqno},
        "unsigned": unsigned,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("--trim", action="store_true")
    arguments = parser.parse_args()
    if not arguments.trim:
        json.dump(walk(arguments.directory), sys.stdout)
        return
    copy = tempfile.mkdtemp()
    try:
        cut = trimmed_copy(arguments.directory, copy)
        result = walk(copy)
        result["torn_bytes"] = cut
        json.dump(result, sys.stdout)
    finally:
        shutil.rmtree(copy)


if __name__ == "__main__":
    main()
