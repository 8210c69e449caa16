"""The known values in the tests of `rng.rs`, from the definitions and none of its code.

ChaCha (https://cr.yp.to/chacha/chacha-20080128.pdf) with eight rounds, a 64-bit counter and the stream in place of the
nonce; its key is 32 bytes of PCG-XSH-RR (https://www.pcg-random.org), as rand_core expands a 64-bit seed; normal
deviates are Box's and Muller's with the logarithm, sine and cosine of Python. Run without arguments; prints Rust.
"""

import math
import struct

MASK = 0xFFFF_FFFF


def block(key: bytes, counter: bytes, rounds: int) -> list[int]:
    """Sixteen words of ChaCha; `counter` is the last row of its state, 16 bytes."""
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + counter))
    x = start[:]

    def turn(word: int, bits: int) -> int:
        return (word << bits | word >> (32 - bits)) & MASK

    def quarter(a: int, b: int, c: int, d: int) -> None:
        for left, right in (16, 12), (8, 7):
            x[a] = (x[a] + x[b]) & MASK
            x[d] = turn(x[d] ^ x[a], left)
            x[c] = (x[c] + x[d]) & MASK
            x[b] = turn(x[b] ^ x[c], right)

    for _ in range(rounds // 2):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return [(a + b) & MASK for a, b in zip(start, x)]


# The block function against section 2.3.2 of RFC 8439, which has twenty rounds.
rfc = block(bytes(range(32)), bytes.fromhex("01000000 00000009 0000004a 00000000"), 20)
assert rfc[:4] == [0xE4E7F110, 0x15593BD1, 0x1FDD0F50, 0xC47120A3] and rfc[15] == 0x4E3C50A2


def key_of(seed: int) -> bytes:
    key, state = b"", seed
    for _ in range(8):
        state = (state * 6364136223846793005 + 11634580027462260723) & (1 << 64) - 1
        mixed = ((state >> 18 ^ state) >> 27) & MASK
        turn = state >> 59
        key += struct.pack("<I", (mixed >> turn | mixed << (32 - turn) % 32) & MASK)
    return key


def uniform(seed: int, stream: int, index: int) -> float:
    """The value number `index` in [0, 1): two words, the lower one first, and the upper 53 bits of them."""
    words = block(key_of(seed), struct.pack("<QQ", index // 8, stream), 8)
    low, high = words[index % 8 * 2 : index % 8 * 2 + 2]
    return ((high << 32 | low) >> 11) * 2.0**-53


def normal(seed: int, stream: int, index: int) -> float:
    """The normal deviate number `index`, rounded to 32 bits."""
    pair = index // 2 * 2
    radius = math.sqrt(-2 * math.log(1 - uniform(seed, stream, pair)))
    angle = 2 * math.pi * uniform(seed, stream, pair + 1)
    value = radius * (math.sin(angle) if index % 2 else math.cos(angle))
    return struct.unpack("<f", struct.pack("<f", value))[0]


def short(value: float) -> str:
    """The shortest decimal number that is `value` as 32 bits."""
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("<f", float(text)) == struct.pack("<f", value):
            return text
    raise ValueError(value)


#: Seeds and streams as in the test.
CASES = [(0, "Latent"), (7, "Latent"), (7, "Texture"), (2**64 - 1, "Training"), (123_456_789, "Evaluation")]
STREAMS = ["Latent", "Texture", "Training", "Evaluation"]
#: Beyond what one thread draws at once, and beyond 32 bits of the counter.
FAR, FARTHER = 100_000, 1 << 40

for seed, name in CASES:
    stream = STREAMS.index(name)
    uniforms = [uniform(seed, stream, i) for i in (0, 1, 2, FAR, FARTHER)]
    normals = [short(normal(seed, stream, i)) for i in (0, 1, 2, 3, FAR, FAR + 1)]
    print(f"({seed}, Stream::{name}, {uniforms}, [{', '.join(normals)}]),")
