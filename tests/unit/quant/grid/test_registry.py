"""Formats are found by entry points: a chip of a third party is one more distribution."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import neurodeploy as nd
import quant
from quant.grid.registry import (
    DEFAULT,
    catalogue,
    format_or_default,
    format_with,
    graded_format,
    named,
)
from snncore import layer, neuron
from targets.loihi.chip import format as loihi
from tests.unit.plugins import installed

SOURCE = """
from dataclasses import replace
from quant import chip_format, integer_format

OWN = replace(integer_format(6), name="mychip", dense_bits=20)
VARIANT = replace(OWN, name="mychip.small", dense_bits=12)
FORMATS = (OWN, VARIANT)
MISNAMED = replace(OWN, name="yourchip")
ALIAS = integer_format(4)
FIRST, SECOND = replace(OWN, name="second"), replace(OWN, name="first")
NUMBER = 3
"""


def test_a_third_partys_chip_is_a_format(tmp_path: Path) -> None:
    with installed(tmp_path, "mychip_plugin", SOURCE, formats={"mychip": "FORMATS"}):
        form = quant.chip_format("mychip")
        assert (form.name, form.dense_bits) == ("mychip", 20)
        assert quant.chip_format("mychip.small").dense_bits == 12
        network = torch.nn.Sequential(layer.Linear(8, 5, bias=False), neuron.LIF(tau=2.0))
        with torch.no_grad():
            network[0].weight.fill_(0.5)
        prepared = quant.prepare(network, target="mychip")
        assert prepared.get_submodule("1").synapse.format == form
        assert quant.Linear(3, 2, format="mychip").config()["format"] == "mychip"
        example = torch.ones(6, 1, 8)
        expected = prepared(example)
        nd.save(prepared, tmp_path / "model.pt", example=example)
        loaded = nd.load(tmp_path / "model.pt")
        assert loaded.get_submodule("1").neuron.format == form
        assert torch.equal(loaded(example), expected)
        assert expected.any()
    with pytest.raises(
        ValueError, match="no format 'mychip'; there are c, loihi, lynxi, nir, onnx"
    ):
        quant.chip_format("mychip")


def test_an_unknown_name_lists_those_there_are(tmp_path: Path) -> None:
    with installed(tmp_path, "mychip_plugin", SOURCE, formats={"mychip": "OWN"}):
        listed = (
            "no format 'other'; there are c, loihi, lynxi, mychip, nir, onnx, rtl, xylo, "
            "shift16, int2 to int16"
        )
        with pytest.raises(ValueError, match=listed):
            quant.chip_format("other")
        with pytest.raises(ValueError, match=r"no format 'mychip\.small'"):
            quant.chip_format("mychip.small")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NUMBER", "neither a ChipFormat nor a tuple of them"),
        ("ABSENT", "has no attribute 'ABSENT'"),
        ("MISNAMED", "its format is called 'yourchip' .call it 'mychip', or 'mychip.'"),
    ],
)
def test_a_broken_one_is_a_warning_that_names_it(tmp_path: Path, value: str, reason: str) -> None:
    with installed(tmp_path, "mychip_plugin", SOURCE, formats={"mychip": value}):
        # What the package breaks is its own chip alone, and only where that is asked for.
        assert quant.Linear(3, 2).format == loihi.FORMAT
        with (
            pytest.warns(UserWarning, match=f"format mychip is broken: .*{reason}"),
            pytest.raises(ValueError, match="no format 'mychip'"),
        ):
            quant.chip_format("mychip")


def test_formats_that_name_one_another_are_broken(tmp_path: Path) -> None:
    both = {"first": "FIRST", "second": "SECOND"}
    with (
        installed(tmp_path, "mychip_plugin", SOURCE, formats=both),
        pytest.warns(UserWarning, match="format first is broken"),
        pytest.warns(UserWarning, match="format second is broken"),
        pytest.raises(ValueError, match="no format 'first'"),
    ):
        quant.chip_format("first")


def test_a_chip_may_take_plain_integers(tmp_path: Path) -> None:
    with installed(tmp_path, "mychip_plugin", SOURCE, formats={"mychip": "ALIAS"}):
        assert quant.chip_format("mychip") is quant.integer_format(4)
    assert quant.chip_format("onnx") is quant.integer_format(8)


def test_layers_behind_an_encoder_have_a_variant_of_their_format() -> None:
    for name in ("int8", "int3", "lynxi"):
        form = quant.chip_format(name)
        graded = graded_format(form)
        assert graded.name == f"{name}.graded"
        assert graded is quant.chip_format(f"{name}.graded")
        assert graded_format(graded) is graded
        assert named(graded) == graded.name
        assert (graded.weights, graded.neurons) == (form.weights, form.neurons)
        assert graded.system.state("v").bits > form.system.state("v").bits
    own = replace(quant.chip_format("int8"), fan_in=100)
    for form in (quant.chip_format("loihi"), quant.chip_format("shift16"), own):
        assert graded_format(form) is form


def test_a_format_is_loaded_when_it_is_asked_for(tmp_path: Path) -> None:
    source = "raise RuntimeError('was imported')"
    with installed(tmp_path, "mychip_plugin", source, formats={"mychip": "OWN"}):
        quant.chip_format("loihi")
        assert "mychip" in catalogue().names
        with pytest.warns(UserWarning, match="was imported"):
            assert not catalogue().formats("mychip")


def test_the_default_has_the_neurons_that_are_asked_for() -> None:
    """Whoever sees this fail has metadata of before: install the project again."""
    assert [form.name for form in catalogue().formats(DEFAULT)] == [
        "loihi",
        "loihi.driven",
        "loihi.resonator",
    ]
    assert quant.CubaLIF().format is loihi.FORMAT
    assert quant.DrivenCubaLIF().format is loihi.DRIVEN_FORMAT
    assert quant.Resonator().format is loihi.RESONATOR_FORMAT
    for module in (quant.Linear(2, 2), quant.Conv2d(1, 1, 1), quant.SumPool2d(2)):
        assert module.format is loihi.FORMAT
        assert module.config()["format"] == "loihi"


def test_without_a_default_layers_ask_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    chips = catalogue()
    monkeypatch.setitem(chips._loaded, DEFAULT, ())
    with pytest.raises(ValueError, match=r"format: no default is installed .name one: c, loihi"):
        quant.Linear(3, 2)
    assert quant.Linear(3, 2, format="int4").format.name == "int4"


@pytest.mark.parametrize("wrong", [3, True, ("loihi",)])
def test_what_is_neither_a_name_nor_a_format_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="is neither a name nor a ChipFormat"):
        format_or_default(wrong)


def test_a_file_keeps_a_name_where_that_says_all() -> None:
    for form in loihi.FORMATS:
        assert named(form) == form.name
    changed = replace(loihi.FORMAT, dense_bits=20)
    assert named(changed) == changed.to_json()


def test_a_number_system_leads_to_its_format() -> None:
    assert format_with(loihi.LOIHI, "CubaLIF") is loihi.FORMAT
    assert format_with(loihi.LOIHI_DRIVEN, "DrivenCubaLIF") is loihi.DRIVEN_FORMAT
    assert format_with(loihi.LOIHI, "Resonator") is None
    assert format_with(replace(loihi.LOIHI, carrier_bits=20), "CubaLIF") is None
