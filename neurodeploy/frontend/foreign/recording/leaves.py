"""The modules of a foreign network that are recorded as one call: neurons, layers, idle ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from torch import nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.form import Taken
from neurodeploy.frontend.foreign.taken import is_neuron, taken
from neurodeploy.frontend.kinds import is_idle, is_known
from quant.convert.plain import our_layer
from snncore import functional, layer, neuron

# The output of a call that is what our layer returns.
SPIKES = "s"


class Role(Enum):
    """The part that a module plays in the recording."""

    NEURON = auto()
    LAYER = auto()
    IDLE = auto()
    REFUSED = auto()


_IDLE = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
# Torch's own, which no network of spikes has; every other module is looked into.
_TORCH = "torch.nn.modules."
# A bare module is where torch.fx puts modules of dotted names.
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.Module)


@dataclass
class Leaf:
    """A module that is recorded as one call, and how it becomes ours."""

    path: str
    module: nn.Module
    role: Role
    taken: Taken | None = None
    error: UnsupportedLayerError | None = None
    _layers: dict[str, nn.Module] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The name of the foreign class, with its package."""
        cls = type(self.module)
        return f"{cls.__module__.split('.')[0]}.{cls.__qualname__}"

    def layer(self, step_mode: str) -> nn.Module:
        """Return the layer of ours, which takes sequences; the step mode is that of the call.

        Raises:
            UnsupportedLayerError: if there is none.
        """
        if step_mode not in self._layers:
            self._layers[step_mode] = self._built(step_mode)
        return self._layers[step_mode]

    def _built(self, step_mode: str) -> nn.Module:
        if self.taken is not None:
            return self.taken.layer.eval()
        if is_known(self.module):
            ours: nn.Module | None = copy.deepcopy(self.module)
        else:
            try:
                ours = our_layer(self.module, self.path, step_mode)
            except ValueError as error:
                raise UnsupportedLayerError(str(error)) from error
        if ours is None:
            raise UnsupportedLayerError(
                f"{self.path} ({self.kind}) has no layer of ours that computes the same",
                remedy=_REMEDY,
            )
        functional.set_step_mode(ours, "m")
        return ours.eval()


_REMEDY = (
    "leave it out; or replace it by a layer of snncore.layer or a neuron of your own "
    "(snncore.neuron.define), which nd.convert takes as they are"
)


def leaves_of(module: nn.Module) -> dict[str, Leaf]:
    """Return the modules by path that are recorded as one call."""
    return {leaf.path: leaf for leaf in _leaves(module, "", set())}


def own_leaves(module: nn.Module, leaves: Mapping[str, Leaf]) -> dict[str, Leaf]:
    """Return the user's modules, other than the whole, that contain no layers."""
    own: dict[str, Leaf] = {}
    for path, part in module.named_modules():
        within = (path, *(f"{path}.{name}" for name, _ in part.named_modules() if name))
        inside = any(path.startswith(f"{outer}.") for outer in (*own, *leaves))
        plain = type(part) in _CONTAINERS or type(part).__module__.startswith(_TORCH)
        if path and not inside and not plain and not leaves.keys() & set(within):
            own[path] = Leaf(path, part, Role.NEURON)
    return own


def _leaves(module: nn.Module, path: str, seen: set[int]) -> Iterator[Leaf]:
    if id(module) in seen:
        return
    seen.add(id(module))
    leaf = _leaf(module, path or "network")
    if leaf is not None:
        yield leaf
        return
    for name, child in module.named_children():
        yield from _leaves(child, f"{path}.{name}".lstrip("."), seen)


def _leaf(module: nn.Module, path: str) -> Leaf | None:
    """Return the module as one call, or None if it is looked into."""
    if type(module) in _IDLE or is_idle(module):
        return Leaf(path, module, Role.IDLE)
    if isinstance(module, neuron.Neuron):
        time = 0 if str(module.step_mode) == "m" else None
        ours = copy.deepcopy(module)
        functional.set_step_mode(ours, "m")
        return Leaf(path, module, Role.NEURON, Taken(ours, (SPIKES,), time))
    if is_known(module) or isinstance(module, layer.Layer):
        return Leaf(path, module, Role.LAYER)
    try:
        form = taken(module)
    except UnsupportedLayerError as error:
        return Leaf(path, module, Role.REFUSED, error=error)
    if form is not None:
        idle = isinstance(form.layer, nn.Identity)
        role = Role.NEURON if is_neuron(module) else Role.IDLE if idle else Role.LAYER
        return Leaf(path, module, role, form)
    if type(module).__module__.startswith(_TORCH) and type(module) not in _CONTAINERS:
        return Leaf(path, module, Role.LAYER)
    return None
