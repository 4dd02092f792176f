"""No setting that lets torch round may change a bit."""

from collections.abc import Iterator

import pytest
import torch

import quant
from snncore import functional
from tests.unit.quant.drawn import drawn_network, drawn_spikes


@pytest.fixture(params=["high", "medium"])
def rounding(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let torch round the factors of float32 products, down to bfloat16."""
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(request.param)
    yield request.param
    torch.set_float32_matmul_precision(precision)


@pytest.mark.parametrize("form", ["loihi", "int8", "int11", "int16"])
def test_rounded_factors_change_nothing(form: str, rounding: str) -> None:
    for seed in range(6):
        network, shape = drawn_network(form, seed)
        samples = drawn_spikes(shape, seed)
        output = network(samples)
        functional.reset(network)
        torch.set_float32_matmul_precision("highest")
        assert torch.equal(output, network(samples)), f"{form} {seed}"
        torch.set_float32_matmul_precision(rounding)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("form", ["lynxi", "int4", "int16"])
def test_autocast_changes_nothing(form: str, kind: torch.dtype) -> None:
    for seed in range(6):
        network, shape = drawn_network(form, seed)
        samples = drawn_spikes(shape, seed)
        plain = network(samples)
        functional.reset(network)
        with torch.autocast("cpu", dtype=kind):
            assert torch.equal(network(samples), plain), f"{form} {seed}"


# What torch itself does while it compiles is not ours to change.
@pytest.mark.filterwarnings("ignore")
def test_a_compiled_block_is_the_same() -> None:
    torch.manual_seed(0)
    block = quant.Block(quant.Linear(9, 5, format="int8", bias=True), quant.LIF(0.25, 0.5)).eval()
    x = (torch.rand(6, 2, 9) < 0.5).float()
    plain = block(x)
    functional.reset(block)
    compiled = torch.compile(block, backend="aot_eager")
    output = compiled(x)
    assert plain.sum() > 0
    assert torch.equal(output, plain)


def test_integers_of_many_bits_are_carried_whole() -> None:
    # In bfloat16, and in TF32, neither factor would be what it is.
    synapse = quant.Linear(3, 1, format="int16", exponent=0)
    with torch.no_grad():
        synapse.weight.copy_(torch.tensor([[32767.0, -32765.0, 4099.0]]))
    x = torch.tensor([[[1.0, 1.0, 1.0]]])
    assert synapse(x).dtype == torch.float64
    assert float(synapse(x).detach()) == 32767 - 32765 + 4099
