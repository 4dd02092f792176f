"""Parameters that learning leads to the ends of their registers, and beyond."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant


def network(**learned: float) -> nn.Sequential:
    """Return one block whose learned parameters are set as an optimizer may leave them."""
    neurons = quant.CubaLIF(threshold=0.3, learnable=tuple(learned))
    for name, value in learned.items():
        nn.init.constant_(getattr(neurons, name), value)
    torch.manual_seed(0)
    return nn.Sequential(quant.Block(quant.Linear(4, 3), neurons))


def samples() -> torch.Tensor:
    return (torch.rand(9, 2, 4, generator=torch.manual_seed(1)) < 0.5).float()


@pytest.mark.parametrize(
    ("learned", "integer"),
    [
        ({"current_decay": 1.3}, 4096),
        ({"current_decay": -0.2}, 0),
        ({"voltage_decay": 1.0}, 4096),
        ({"threshold": -0.5}, 0),
        ({"threshold": 9000.0}, (1 << 17) - 1),
    ],
)
def test_they_act_as_the_end_and_stay_what_they_are(
    learned: dict[str, float], integer: int, tmp_path: Path
) -> None:
    net = network(**learned)
    program = nd.lower(net, example=samples(), target="loihi")
    ((name, value),) = learned.items()
    assert int(program.layers[0].parameters[name]) == integer
    nd.save(net, tmp_path / "model.pt")
    again: Any = nd.load(tmp_path / "model.pt")
    assert getattr(again[0].neuron, name).item() == pytest.approx(value)
    assert nd.lower(again, example=samples(), target="loihi") == program
    assert nd.export(net, target="loihi", path=tmp_path / "out", example=samples()).files


@pytest.mark.parametrize("name", ["current_decay", "voltage_decay", "threshold"])
def test_what_is_no_number_is_refused_with_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=rf"CubaLIF\.{name}: .* NaN or infinite"):
        network(**{name: float("nan")})(samples())
