#!/usr/bin/env python3
"""Makes uint256.json: sums, differences, products, quotients and remainders by Python's integers.

Without arguments it prints the file; with a path it compares and exits 1 when that file differs.
"""
import json
import random
import sys

LIMIT = 1 << 256
BITS = (0, 1, 8, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256)


def operands(source):
    """Numbers of every width, those around powers of two among them."""
    numbers = {0, 1, 10**18, 10**27, LIMIT - 1}
    for bits in BITS:
        numbers |= {value for value in (2**bits - 1, 2**bits, 2**bits + 1) if value < LIMIT}
        numbers.add(source.getrandbits(bits))
    return sorted(numbers)


def main():
    source = random.Random(1)  # any seed; the numbers are part of the file
    numbers = operands(source)
    pairs = [(a, b) for a in numbers for b in source.sample(numbers, 4)]
    cases = [[str(value) for value in (a, b)] + [
        str(a + b) if a + b < LIMIT else None,
        str(a - b) if a >= b else None,
        str(a * b) if a * b < LIMIT else None,
        str(a // b) if b else None,
        str(a % b) if b else None,
    ] for a, b in pairs]
    text = ('{"columns": ["a", "b", "a + b", "a - b", "a * b", "a / b", "a % b"],\n"cases": [\n'
            + ",\n".join(json.dumps(case) for case in cases) + "\n]}\n")
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
