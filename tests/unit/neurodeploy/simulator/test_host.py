"""The host's part: the decoder that a chip leaves to it, stated in the contract."""

from dataclasses import replace

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import ArtifactError
from neurodeploy.frontend.training.running import running
from neurodeploy.program import Decoder
from neurodeploy.simulator import run_golden
from neurodeploy.target import chip_part, decoder_contract, finished, target, with_decoder
from neurodeploy.trace import LayerTrace, Trace
from tests.conformance.reading_networks import DECODERS, reading_case

SEEDS = range(len(DECODERS))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_host_computes_what_the_program_says(seed: int) -> None:
    case = reading_case(seed, "loihi")
    whole = run_golden(case.program, case.samples)
    body = run_golden(chip_part(case.program), case.samples)
    done = finished(body, case.program)
    assert list(done) == list(whole)
    assert (done[whole.output_layer].s == whole[whole.output_layer].s).all()
    assert (done.output == whole.output).all()


@pytest.mark.parametrize("name", ["loihi", "lynxi"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_contract_holds_the_decoder(name: str, seed: int) -> None:
    program, chip = reading_case(seed, name).program, target(name)
    artifact = chip.compile(program)
    decodes = isinstance(program.by_name[program.output], Decoder)
    assert ("decoder" in artifact.contract) == decodes
    assert chip.read(artifact) == program
    assert with_decoder(chip_part(program), decoder_contract(program)) == program


EDITS = {
    "equations": ("equations", "Largest"),
    "per step": ("per_step", False),
    "skip": ("skip", 3),
    "name": ("name", "another"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_decoder_is_found(name: str) -> None:
    case = reading_case(2, "loihi")
    artifact = target("loihi").compile(case.program)
    key, value = EDITS[name]
    decoder = {**artifact.contract["decoder"], key: value}
    edited = replace(artifact, contract={**artifact.contract, "decoder": decoder})
    try:
        report = nd.verify(edited, model=case.model, samples=case.samples, simulator="none")
    except nd.NeurodeployError:
        return
    assert not report.equal


DAMAGED = [
    {},
    {"name": "a"},
    {"name": "a", "equations": "Nothing", "per_step": False, "skip": 0},
    {"name": 1, "equations": "Total", "per_step": False, "skip": 0},
    {"name": "a", "equations": "Total", "per_step": 0, "skip": 0},
    {"name": "a", "equations": "Total", "per_step": False, "skip": -1},
    {"name": "a", "equations": "Total", "per_step": False, "skip": 2},
    {"name": "a", "equations": "LateTotal", "per_step": True, "skip": 0},
    "Total",
]


@pytest.mark.parametrize("entry", DAMAGED, ids=str)
def test_a_damaged_decoder_is_one_clear_error(entry: object) -> None:
    body = chip_part(reading_case(1, "loihi").program)
    with pytest.raises(ArtifactError, match=r"manifest\.json: decoder"):
        with_decoder(body, {"decoder": entry})


def test_sums_start_after_the_steps_that_are_left_out() -> None:
    values = np.arange(1, 5).reshape(4, 1, 1)
    assert running("LateTotal", values, 2).ravel().tolist() == [0, 0, 3, 7]
    assert values.ravel().tolist() == [1, 2, 3, 4]


def test_long_sums_of_large_voltages_do_not_wrap() -> None:
    program = reading_case(3, "loihi").program
    sent = LayerTrace({"s": np.full((300, 1, 2), (1 << 23) - 1)})
    layers = {f"layer{n}": sent for n in range(len(program.layers) - 1)}
    trace = finished(Trace(layers, "layer0"), program)
    assert int(trace[program.output].s.max()) == 300 * ((1 << 23) - 1)
