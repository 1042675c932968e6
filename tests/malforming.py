"""Ways to spoil a JSON body that fits: what each API must turn down, and repeat nothing of."""

import json
import random
from collections.abc import Callable
from typing import Any

CANARY = "canary7f3a"
"""Stands in what is spoilt, so that an answer that repeats it is found."""

Way = Callable[[random.Random, dict[str, Any]], bytes]


def unknown_field(seed: random.Random, valid: dict[str, Any]) -> bytes:
    return json.dumps({**valid, CANARY + str(seed.random()): 1}).encode()


def lone_surrogate(seed: random.Random, valid: dict[str, Any]) -> bytes:
    name = seed.choice(list(valid))
    lone = seed.choice(["\\ud800", "\\udfff", "\\ud800x", "\\udc00\\ud800"])
    return json.dumps({**valid, name: "@"}).replace('"@"', f'"{CANARY}{lone}"').encode()


def not_a_number(seed: random.Random, valid: dict[str, Any]) -> bytes:
    name = seed.choice(list(valid))
    number = seed.choice(["NaN", "Infinity", "-Infinity", "1e999", "-0x1", "01", "+1", ".5"])
    return json.dumps({**valid, name: "@"}).replace('"@"', number).encode()


def not_utf8(seed: random.Random, valid: dict[str, Any]) -> bytes:
    body = bytearray(json.dumps(valid).encode())
    body.insert(body.index(b'"') + 1, seed.choice(b"\xff\xfe\xc0\x80"))
    return bytes(body)


def cut_off(seed: random.Random, valid: dict[str, Any]) -> bytes:
    body = json.dumps(valid).encode()
    return body[: seed.randrange(1, len(body))]


def noise(seed: random.Random, valid: dict[str, Any]) -> bytes:  # noqa: ARG001
    return b"\x00" + seed.randbytes(seed.randrange(200))


def nested(seed: random.Random, valid: dict[str, Any]) -> bytes:  # noqa: ARG001
    return seed.choice([b"[", b'{"a":']) * seed.choice([10, 2_000, 9_000])


def another_shape(seed: random.Random, valid: dict[str, Any]) -> bytes:
    return seed.choice([b"null", b"[]", b'"x"', b"1", b"", b"true", json.dumps([valid]).encode()])


def too_large(seed: random.Random, valid: dict[str, Any]) -> bytes:
    return json.dumps({**valid, "x": CANARY * seed.choice([7_000, 20_000])}).encode()


WAYS: list[Way] = [
    unknown_field, lone_surrogate, not_a_number, not_utf8, cut_off, noise, nested, another_shape, too_large,
]  # fmt: skip
