#!/usr/bin/env python3
"""Makes report.json: a second implementation of docs/protocol.md, section 10.

Without arguments it prints the file; with a path it compares and exits 1 when that file differs.
"""
import json
import sys

from make_challenges import be, keccak256, typed


def main():
    chain, contract, epoch, slot, version = 31337, b"\xc0" * 20, 7, 3, 1
    root, policy_hash, secret = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
    scores = [(1, 200), (258, 0), (0x010203, 77), (0x010204, 1), (0x020000, 199), (0x7fffff, 5),
              (0x800000, 6), (0xfffffd, 7), (0xfffffe, 100)]
    lanes = [be(device, 3) + be(score, 1) for device, score in scores]
    lanes += [bytes.fromhex("ffffff00")] * (-len(lanes) % 8)
    words = b"".join(lanes)
    commitment = keccak256(keccak256(words) + keccak256(root + policy_hash + secret))
    digest = typed(chain, contract,
                   b"Report(uint32 epoch,uint32 slot,uint16 specVersion,bytes32 commitment)",
                   be(epoch), be(slot), be(version), commitment)
    text = json.dumps({
        "given": {
            "chain_id": chain, "contract": contract.hex(), "epoch": epoch, "slot": slot,
            "spec_version": version, "transcript_root": root.hex(),
            "policy_hash": policy_hash.hex(), "secret": secret.hex(), "scores": scores,
        },
        "words": [words[i:i + 32].hex() for i in range(0, len(words), 32)],
        "commitment": commitment.hex(),
        "digest": digest.hex(),
    }, indent=1) + "\n"
    if len(sys.argv) == 1:
        sys.stdout.write(text)
        return 0
    with open(sys.argv[1], encoding="utf-8") as file:
        if file.read() == text:
            return 0
    print(sys.argv[1] + " differs from what this generator makes", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
