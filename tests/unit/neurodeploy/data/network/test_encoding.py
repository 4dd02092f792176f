"""An encoding rounds values as training does, and no text or file makes a wrong one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.data.network.encoding import Encoding
from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.program import Dense, Edge, Input, Program, Signal, loads
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.samples import checked_integers, checked_samples, users_samples
from quant import InputEncoder
from snncore.dynamics.arithmetic.interval import Interval
from tests.unit.programs import neurons

BYTES = Encoding(-3, -128, 127)


def program(encoding: Encoding | None = BYTES) -> Program:
    signal = Signal.SPIKES if encoding is None else Signal.CURRENT
    weight = Dense("w", Edge("input"), np.array([[2, -3]]), exponent=-2)
    fire = neurons("out", Edge("w"))
    return Program((Input("input", (2,), signal, encoding), weight, fire), "out")


def test_a_half_goes_to_the_even_integer_and_ends_clip() -> None:
    values = np.array([0.0625, 0.1875, -0.0625, 15.9, 99.0, -16.0, -17.0])
    assert BYTES.encoded(values).tolist() == [0, 2, 0, 127, 127, -128, -128]
    assert Encoding(2, 0, 15).encoded(np.array([2, 6, 7, -4, 1 << 40])).tolist() == [0, 2, 2, 0, 15]


@pytest.mark.parametrize("form", [BYTES, Encoding(0, 0, 1), Encoding(-20, -(1 << 23), 1 << 23)])
def test_it_rounds_as_the_layer_that_trains(form: Encoding) -> None:
    rng = np.random.default_rng(0)
    values = np.ldexp(rng.normal(0, form.largest / 2, 4000), form.exponent)
    encoder = InputEncoder(form.exponent, form.low, form.high)
    trained = encoder(torch.from_numpy(values).float()).numpy()
    assert (trained == form.encoded(values)).all()
    assert (form.encoded(form.decoded(form.encoded(values))) == form.encoded(values)).all()


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.5, 0, 1), "not whole"),
        ((True, 0, 1), "not whole"),
        ((65, 0, 1), "beyond"),
        ((0, 1, 1), "range"),
        ((0, 0, 1 << 24), "range"),
    ],
)
def test_what_is_no_encoding_is_refused(numbers: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Encoding(*numbers)


def test_spikes_have_none() -> None:
    with pytest.raises(ValidationError, match="input: spikes have no encoding"):
        Input("input", (2,), Signal.SPIKES, BYTES)


def test_a_program_says_it_in_text_hash_and_ranges() -> None:
    with_it, without = program(), program(None)
    assert "input [2] = input(current, 2^-3 * -128..127)" in with_it.text()
    assert loads(with_it.dumps()) == with_it != without
    assert "encoding" not in without.dumps()
    assert program(Encoding(-4, -128, 127)).sha256 != with_it.sha256
    assert ranges(with_it).values["input"] == Interval(-128, 127)


def test_samples_are_encoded_once_where_they_enter() -> None:
    samples = np.array([[[0.5, -9.0]], [[20.0, 0.26]]])
    integers = checked_samples(program(), samples)
    assert integers.tolist() == [[[4, -72]], [[127, 2]]]
    assert checked_integers(program(), integers).tolist() == integers.tolist()
    assert users_samples(program(), integers).tolist() == [[[0.5, -9.0]], [[15.875, 0.25]]]
    whole = checked_samples(program(), np.array([[[1, 200]]]))
    assert whole.tolist() == [[[8, 127]]], "whole numbers are in the user's units too"
    assert run_golden(program(), integers).output.shape == (2, 1, 1)
    with pytest.raises(SamplesError, match="beyond its encoder's"):
        run_golden(program(), integers + 1)
    with pytest.raises(SamplesError, match="NaN"):
        checked_samples(program(), samples * np.nan)
