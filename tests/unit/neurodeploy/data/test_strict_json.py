"""JSON of strangers: plain JSON is read as Python reads it, and everything odd is one error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy import program
from neurodeploy.data import strict_json
from neurodeploy.errors import ValidationError
from tests.unit.programs import small

NUMBERS = st.integers(-(1 << 64), 1 << 64) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
ODD = {
    "NaN": ("NaN", "NaN is not a number"),
    "infinity": ("[Infinity]", "Infinity is not a number"),
    "minus infinity": ('{"a": -Infinity}', "-Infinity is not a number"),
    "large": ("1e999", "1e999 is too large a number"),
    "far below zero": ("-1e999", "-1e999 is too large a number"),
    "81 digits": ("1" * 81, "an integer of 81 digits is too large"),
    "5001 digits": ("1" + "0" * 5000, "an integer of 5001 digits is too large"),
    "twice": ('{"a": 1, "b": 2, "a": 1}', "the key 'a' occurs twice"),
    "half a character": ('"\\ud800"', "surrogates not allowed"),
    "half a key": ('{"\\udfff": 1}', "surrogates not allowed"),
    "levels": ("[" * 65 + "]" * 65, "more than 64 levels"),
    "lists": ("[" * 100_000, "more than 64 levels"),
    "objects": ('{"a":' * 100_000, "more than 64 levels"),
    "cut short": ("[1", "delimiter"),
    "nothing": ("", "Expecting value"),
}


@given(VALUES)
def test_plain_json_is_read_as_python_reads_it(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value).encode()):
        assert strict_json.loads(text) == json.loads(text) == value


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_a_value_error(name: str) -> None:
    text, words = ODD[name]
    for document in (text, text.encode()):
        with pytest.raises(ValueError, match=words):
            strict_json.loads(document)


def test_bytes_that_are_no_utf_8_are_a_value_error() -> None:
    for content in (b"\xff\xfe", b'"\xed\xa0\x80"', b"\xef\xbb\xbf{}"):
        with pytest.raises(ValueError, match=r"decode|BOM"):
            strict_json.loads(content)


@pytest.mark.parametrize("name", ODD)
def test_a_document_with_something_odd_is_one_error_of_ours(name: str) -> None:
    text, _ = ODD[name]
    whole = program.dumps(small())
    for document in (text, whole.replace('"schema": 1', f'"schema": {text}')):
        with pytest.raises(ValidationError, match="not a program"):
            program.loads(document)
