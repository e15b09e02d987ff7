#!/usr/bin/env python3
"""Makes challenges.json: a second implementation of docs/protocol.md, sections 1 to 6.

Standard library alone; ChaCha20 and Keccak-256 are written out from RFC 8439 and FIPS 202 (with the
older padding that Ethereum uses). Without arguments it prints the file; with a path it compares and
exits 1 when that file differs.
"""
import hashlib
import hmac
import json
import struct
import sys


def hkdf(ikm, salt, info):
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()


def rotl(x, n, bits):
    return ((x << n) | (x >> (bits - n))) & ((1 << bits) - 1)


def chacha20(key, length):
    out = b""
    counter = 0
    while len(out) < length:
        start = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) +
                     (counter, 0, 0, 0))
        s = list(start)
        for _ in range(10):
            for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                               (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                    s[x] = (s[x] + s[y]) & 0xFFFFFFFF
                    s[z] = rotl(s[z] ^ s[x], n, 32)
        out += struct.pack("<16I", *[(x + y) & 0xFFFFFFFF for x, y in zip(s, start)])
        counter += 1
    return out[:length]


def keccak256(message):
    constants, lfsr = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant ^= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        constants.append(constant)
    rate = 136
    padded = bytearray(message + b"\x00" * (rate - len(message) % rate))
    padded[len(message)] ^= 0x01
    padded[-1] ^= 0x80
    a = [[0] * 5 for _ in range(5)]
    for offset in range(0, len(padded), rate):
        for i in range(rate // 8):
            a[i % 5][i // 5] ^= struct.unpack_from("<Q", padded, offset + 8 * i)[0]
        for constant in constants:
            c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
            d = [c[(x - 1) % 5] ^ rotl(c[(x + 1) % 5], 1, 64) for x in range(5)]
            a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
            b = [[0] * 5 for _ in range(5)]
            x, y, lane = 1, 0, a[1][0]
            b[0][0] = a[0][0]
            for t in range(24):
                b[y][(2 * x + 3 * y) % 5] = rotl(lane, (t + 1) * (t + 2) // 2 % 64, 64)
                x, y = y, (2 * x + 3 * y) % 5
                lane = a[x][y]
            a = [[b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y]) for y in range(5)]
                 for x in range(5)]
            a[0][0] ^= constant
    return b"".join(struct.pack("<Q", a[i % 5][i // 5]) for i in range(4))


def words(key, count):
    return struct.unpack("<%dQ" % count, chacha20(key, 8 * count))


def draw(word, bound):
    return word * bound >> 64


def be(value, size=32):
    return value.to_bytes(size, "big")


def typed(domain_chain, contract, kind, *fields):
    separator = keccak256(
        keccak256(b"EIP712Domain(string name,string version,uint256 chainId,"
                  b"address verifyingContract)") +
        keccak256(b"Kaisar Checker") + keccak256(b"1") + be(domain_chain) +
        b"\x00" * 12 + contract)
    return keccak256(b"\x19\x01" + separator + keccak256(keccak256(kind) + b"".join(fields)))


SECRET, BEACON = b"\x11" * 32, b"\x22" * 32
CHAIN, SLOT, EPOCH, DEVICE, OWNER = 31337, 3, 7, 5, b"\x33" * 20
CONTRACT = bytes(range(1, 21))
SPAN_MS, REGISTRATION_MS = 21_300_000, 3_600_000
EXPIRES_MS = 1_790_000_000_123
LATENCY, BANDWIDTH, MATMUL = 1, 2, 3


def main():
    epoch_key = hkdf(SECRET, BEACON, b"kaisar/v1/epoch" + be(CHAIN, 8) + be(SLOT, 4) + be(EPOCH, 4))

    def value(label, context):
        return hkdf(epoch_key, b"", b"kaisar/v1/" + label + b"\x00" + context)

    def due(context, window, count):
        return [draw(word, window) for word in words(value(b"due", context), count)]

    def challenge_id(kind, q):
        return hashlib.sha256(b"kaisar/v1/challenge" + be(CHAIN, 8) + be(EPOCH, 4) + be(SLOT, 4) +
                              be(DEVICE, 4) + be(kind, 1) + be(q, 4)).digest()

    def challenge(kind, seed, params, q):
        identity = challenge_id(kind, q)
        return identity, typed(
            CHAIN, CONTRACT,
            b"Challenge(bytes32 challengeId,uint32 epoch,uint32 slot,uint32 device,uint8 kind,"
            b"bytes32 seed,bytes32 paramsHash,uint64 expiresAtMs)",
            identity, be(EPOCH), be(SLOT), be(DEVICE), be(kind), seed,
            hashlib.sha256(params).digest(), be(EXPIRES_MS))

    muster_key = hkdf(BEACON, b"", b"kaisar/v1/muster" + be(EPOCH, 4))
    matmul_params = bytes.fromhex("088008" + "1004" + "1840")  # n 1024, rounds 4, samples 64
    latency_params = bytes.fromhex("0810" + "1014")            # pings 16, spacing_ms 20
    # seconds 5, streams 4, down 110 Mbit/s, up 22 Mbit/s (a tenth above SampleDevice's claims),
    # open_ms 20000, start_ms 10000
    bandwidth_params = bytes.fromhex("0805" + "1004" + "1880efb934" + "2080e3be0a"
                                     + "28a09c01" + "30904e")
    matmul_id, matmul = challenge(MATMUL, value(b"seed", challenge_id(MATMUL, 2)), matmul_params, 2)
    latency_id, latency = challenge(LATENCY, b"\x00" * 32, latency_params, 2)
    bandwidth_id, bandwidth = challenge(BANDWIDTH, b"\x00" * 32, bandwidth_params, 2)
    results_hash = hashlib.sha256(hashlib.sha256(b"down").digest() +
                                  hashlib.sha256(b"up").digest()).digest()
    commitment, opening_hash, nonces_hash = b"\x44" * 32, b"\x55" * 32, b"\x66" * 32
    nonces = chacha20(value(b"ping", latency_id), 8 * 16)
    made = {
        "given": {
            "secret": SECRET.hex(), "beacon": BEACON.hex(), "chain_id": CHAIN, "slot": SLOT,
            "epoch": EPOCH, "device": DEVICE, "owner": OWNER.hex(), "contract": CONTRACT.hex(),
            "span_ms": SPAN_MS, "registration_ms": REGISTRATION_MS, "expires_at_ms": EXPIRES_MS,
            "matmul_params": matmul_params.hex(), "latency_params": latency_params.hex(),
            "bandwidth_params": bandwidth_params.hex(),
            "sequence": 2, "commitment": commitment.hex(), "opening_hash": opening_hash.hex(),
            "nonces_hash": nonces_hash.hex(),
        },
        "muster_ms": draw(words(muster_key, 1)[0], SPAN_MS),
        # 70 words are more than one read of the keystream.
        "latency_due_ms": due(be(DEVICE, 4) + be(LATENCY, 1), SPAN_MS, 70),
        "bandwidth_due_ms": due(be(DEVICE, 4) + be(BANDWIDTH, 1), SPAN_MS, 4),
        "matmul_due_ms": due(OWNER + be(MATMUL, 1), SPAN_MS, 8),
        "registering_latency_due_ms": due(be(DEVICE, 4) + be(LATENCY, 1), REGISTRATION_MS, 4),
        "ping_nonces": [nonces[i:i + 8].hex() for i in range(0, len(nonces), 8)],
        "matmul_challenge_digest": matmul.hex(),
        "latency_challenge_digest": latency.hex(),
        "bandwidth_challenge_digest": bandwidth.hex(),
        "iperf_password": value(b"iperf", bandwidth_id).hex(),
        "results_hash": results_hash.hex(),
        "bandwidth_transcript_digest": typed(
            CHAIN, CONTRACT,
            b"BandwidthTranscript(bytes32 challengeId,bytes32 challengeDigest,"
            b"bytes32 resultsHash)",
            bandwidth_id, bandwidth, results_hash).hex(),
        "commitment_digest": typed(
            CHAIN, CONTRACT,
            b"MatmulCommitment(bytes32 challengeId,bytes32 challengeDigest,bytes32 commitment)",
            matmul_id, matmul, commitment).hex(),
        "opening_digest": typed(
            CHAIN, CONTRACT,
            b"MatmulOpening(bytes32 challengeId,bytes32 commitment,bytes32 openingHash)",
            matmul_id, commitment, opening_hash).hex(),
        "transcript_digest": typed(
            CHAIN, CONTRACT,
            b"PingTranscript(bytes32 challengeId,bytes32 challengeDigest,bytes32 noncesHash)",
            latency_id, latency, nonces_hash).hex(),
    }
    assert keccak256(b"").hex() == \
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    text = json.dumps(made, indent=1) + "\n"
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
