"""A neuron's forward in one call into compiled code, for inputs like the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from snncore.kernels import host_of, is_watched, stream_of
from snncore.kernels.host.loop import HostLoop
from snncore.kernels.loop.output import Output


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Everything that the forward of one neuron looked up last time."""

    host: HostLoop
    device: torch.device
    kind: torch.dtype
    states: tuple[str, ...]
    # The parameters that are tensors.
    parameters: tuple[str, ...]

    @classmethod
    def of(cls, neuron: Any, loop: str, like: Tensor) -> AtOnce | None:
        """Return the short way for inputs like this one, or None if there is none."""
        host = host_of(loop)
        if host is None or host.launch is None or neuron.output != Output.INPUT:
            return None
        values = {name: getattr(neuron, name) for name in neuron.equations.parameters}
        parameters = tuple(name for name, v in values.items() if isinstance(v, Tensor))
        states = neuron.equations.states if neuron.keep_states else ()
        return cls(host, like.device, like.dtype, states, parameters)

    def __call__(self, neuron: Any, inputs: tuple[Tensor, ...]) -> Tensor | None:
        """Return the spikes and keep the states, or return None if this is another form."""
        x = inputs[0]
        if x.dtype != self.kind or x.device != self.device:
            return None
        single = neuron.step_mode == "s"
        if x.ndim < (2 if single else 3):
            return None
        tensors = [*inputs, *neuron.states.values()] if self.states else [*inputs]
        for name in self.parameters:
            value = getattr(neuron, name)
            # A value for each channel meets the layer in the library.
            if value.ndim > 1 or value.dtype != torch.float32:
                return None
            tensors.append(value)
        if is_watched(tensors):
            return None
        launch = self.host.launch
        assert launch is not None
        results = launch(self.host.number, stream_of(x), single, tensors)
        if not results:
            return None
        own = vars(neuron)
        own["input_shape"] = tuple(x.shape[1 if single else 2 :])
        if self.states:
            own["states"] = dict(zip(self.states, results[1:], strict=True))
        return results[0]
