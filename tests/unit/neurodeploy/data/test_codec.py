"""The codec: frozen data as text, exactly, and nothing is built that was not asked for."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neurodeploy.data import codec
from neurodeploy.data.typed import build_member, fits
from neurodeploy.errors import ValidationError
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI


class Color(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Leaf:
    size: int
    share: float = 0.0
    names: tuple[str, ...] = ()
    pair: tuple[int, int] = (0, 0)
    color: Color = Color.RED
    maybe: int | None = None


CLASSES = {"Leaf": Leaf}


def through(value: Any) -> Any:
    return codec.loads(codec.dumps({"value": value}), CLASSES, "a thing")["value"]


@given(hnp.arrays(np.int64, hnp.array_shapes(min_dims=0, max_side=4)))
def test_integers_come_back_exactly(array: np.ndarray) -> None:
    again = through(array)
    assert again.dtype == np.int64
    assert again.shape == array.shape
    assert np.array_equal(again, array)


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_side=4)))
def test_floats_come_back_to_the_last_bit(array: np.ndarray) -> None:
    assert through(array).tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("array", "kind"),
    [([127, -128], "int8"), ([128], "int16"), ([1 << 15], "int32"), ([1 << 31], "int64")],
)
def test_arrays_are_written_in_the_narrowest_type(array: list[int], kind: str) -> None:
    document = json.loads(codec.dumps({"value": np.array(array)}))
    assert document["value"]["type"] == kind
    assert through(np.array(array)).tolist() == array


def test_an_empty_array_and_one_that_is_not_contiguous() -> None:
    assert through(np.zeros((0, 3), dtype=np.int64)).shape == (0, 3)
    array = np.arange(12).reshape(3, 4)[::2, ::-2]
    assert np.array_equal(through(array), array)


@given(
    st.builds(
        Leaf,
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.tuples(st.text()),
    )
)
def test_frozen_data_come_back_equal(leaf: Leaf) -> None:
    assert through(leaf) == leaf
    assert through((leaf, leaf)) == (leaf, leaf)


def test_equations_and_number_systems_come_back_equal() -> None:
    assert through(CUBA_LIF) == CUBA_LIF
    assert through(LOIHI) == LOIHI


def test_equal_data_are_equal_text() -> None:
    assert codec.dumps({"a": 1, "b": 2}) == codec.dumps({"b": 2, "a": 1})
    assert codec.dumps({}).endswith("\n")


def entry(**changes: Any) -> dict[str, Any]:
    document = {"kind": "array", "shape": [2], "type": "int8", "data": "AQI="}
    return {key: value for key, value in (document | changes).items() if value is not None}


LEAF = {"kind": "Leaf", "size": 1}
WRONG: dict[str, tuple[Any, str]] = {
    "an unknown class": ({"kind": "Path"}, "Path is not one of Leaf"),
    "a kind that is not a name": ({"kind": [1]}, "is not a kind of data"),
    "a member missing": ({"kind": "Leaf"}, "size"),
    "a member too many": (LEAF | {"x": 1}, "x"),
    "a truth for a number": (LEAF | {"size": True}, "Leaf.size: True does not fit"),
    "text for a number": (LEAF | {"size": "1"}, "Leaf.size: '1' does not fit"),
    "a fraction for an integer": (LEAF | {"size": 1.5}, "Leaf.size"),
    "a number for a name": (LEAF | {"names": [1]}, "Leaf.names"),
    "three for a pair": (LEAF | {"pair": [1, 2, 3]}, "Leaf.pair"),
    "another color": (LEAF | {"color": "blue"}, "Leaf.color"),
    "an array of objects": (entry(type="object"), "object is not the type of an array"),
    "an array of text": (entry(type="<U3"), "is not the type of an array"),
    "an array too short": (entry(shape=[3]), "do not fill its shape"),
    "an array of half a length": (entry(shape=[0.5]), "do not fill"),
    "an array of endless length": (entry(shape=[float("inf")]), "not a thing"),
    "an array of negative lengths": (entry(shape=[-1, -2]), "not a thing"),
    "data that are no base64": (entry(data="?"), "not a thing"),
    "data that end in between": (entry(type="int16", data="AQID"), "not a thing"),
    "an array without data": (entry(data=None), "not a thing"),
    "equations that are none": ({"kind": "Equations", "data": {}}, "not the equations"),
    "a number system that is none": ({"kind": "NumberSystem", "data": 1}, "not a number system"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_describes_nothing_says_why(name: str) -> None:
    value, words = WRONG[name]
    with pytest.raises(ValidationError, match=words):
        codec.loads(json.dumps({"value": value}), CLASSES, "a thing")


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "[" * 100_000, '{"a": ' * 100_000])
def test_text_that_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="not a thing"):
        codec.loads(text, CLASSES, "a thing")


def test_members_are_a_list_or_an_error() -> None:
    assert codec.members({"nodes": (1, 2)}, "nodes") == (1, 2)
    for document in ({}, {"nodes": 1}, {"nodes": "ab"}):
        with pytest.raises(ValidationError, match="nodes are not a list"):
            codec.members(document, "nodes")


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (1, float, True),
        (True, float, False),
        (None, int | None, True),
        ("x", int | None, False),
        ((), tuple[int, ...], True),
        ([1], tuple[int, ...], False),
        ((1, "a"), tuple[int, str], True),
        (np.zeros(1), np.ndarray, True),
        ("red", Color, True),
    ],
)
def test_values_fit_their_declared_types(value: Any, hint: Any, expected: bool) -> None:
    assert fits(value, hint) == expected


def test_an_instance_is_made_of_fitting_members() -> None:
    assert build_member(Leaf, {"size": 2}) == Leaf(2)
    with pytest.raises(TypeError):
        build_member(Leaf, {})
