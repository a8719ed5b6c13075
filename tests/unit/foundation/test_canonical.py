"""Canonical bytes: equal to RFC 8785 as another program writes it; what has no such form is refused."""

from __future__ import annotations

import hashlib
import json
from enum import IntEnum, StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from dondoc.foundation.canonical import canonical, digest
from dondoc.foundation.errors import LedgerError

LARGEST = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=25,
)


@given(values)
def test_the_bytes_are_those_of_the_rfc8785_package(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_the_bytes_read_back_as_the_same_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(values)
def test_the_digest_is_the_sha256_of_the_bytes(value: Any) -> None:
    assert digest(value) == hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def test_keys_sort_by_utf16_units_not_by_code_points() -> None:
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_control_characters_are_escaped_and_vietnamese_is_not() -> None:
    assert canonical("Đôn đốc\n\x01\x7f\u2028") == '"Đôn đốc\\n\\u0001\x7f\u2028"'.encode()


def test_enumerations_are_their_values() -> None:
    class Colour(StrEnum):
        RED = "đỏ"

    class Size(IntEnum):
        BIG = 3

    assert canonical({"c": Colour.RED, "s": Size.BIG}) == '{"c":"đỏ","s":3}'.encode()


def test_tuples_are_arrays() -> None:
    assert canonical((1, ("a",))) == b'[1,["a"]]'


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        0.5, 1.0, float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {"\udc00": 1}, {1: "a"}, {None: 1}, b"bytes",
        {"a", "b"}, object(), nested(100_000),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(LedgerError):
        canonical([value])


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, 0])
def test_the_largest_exact_integers_are_taken(value: int) -> None:
    assert canonical(value) == str(value).encode()
