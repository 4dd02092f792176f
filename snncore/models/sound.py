"""Networks for spoken digits and commands: a sequence of channels in, voltages of classes out.

Train them on the largest voltage (`loss.membrane_cross_entropy`), as both papers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import nn

from snncore import layer
from snncore.models.common import Make
from snncore.neuron import LIF, CubaLIF, LeakyIntegrator

# Steps of 1 ms, synapses of 5 ms and membranes of 10 ms.
_cuba: Make = partial(CubaLIF, current_decay=0.2, voltage_decay=0.1)
_leaky: Make = partial(LIF, detach_reset=True)


class SHDNet(nn.Sequential):
    """One recurrent layer that hears 700 channels of a cochlea (Cramer et al. 2022)."""

    def __init__(
        self,
        classes: int = 20,
        *,
        inputs: int = 700,
        hidden: int = 128,
        recurrent: bool = True,
        neuron: Make = _cuba,
    ) -> None:
        super().__init__(
            layer.Linear(inputs, hidden, bias=False),
            _feeding_back(hidden, neuron) if recurrent else neuron(),
            layer.Linear(hidden, classes, bias=False),
            LeakyIntegrator(),
        )


class SpeechNet(nn.Sequential):
    """Layers of neurons behind norms (Bittar and Garner 2022), recurrent or not.

    It hears the bands of a spectrum, or the channels of a cochlea. With `recurrent` it is the
    paper's RLIF, and RadLIF with the zoo's adaptive neurons as `neuron`.
    """

    def __init__(
        self,
        classes: int = 35,
        hidden: Sequence[int] = (512, 512),
        *,
        inputs: int = 40,
        recurrent: bool = False,
        dropout: float = 0.1,
        neuron: Make = _leaky,
    ) -> None:
        if not hidden:
            raise ValueError("SpeechNet: no hidden layer (hidden=(512, 512), or any widths)")
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [layer.Linear(inputs, width, bias=False), layer.BatchNorm1d(width)]
            layers.append(_feeding_back(width, neuron) if recurrent else neuron())
            if dropout:
                layers.append(layer.Dropout(dropout))
            inputs = width
        layers += [layer.Linear(inputs, classes, bias=False), layer.BatchNorm1d(classes)]
        super().__init__(*layers, LeakyIntegrator())


def _feeding_back(width: int, neuron: Make) -> layer.Recurrent:
    feedback = layer.Linear(width, width, bias=False)
    nn.init.orthogonal_(feedback.weight)
    return layer.Recurrent(neuron(), feedback)
