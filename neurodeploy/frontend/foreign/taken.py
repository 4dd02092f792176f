"""Modules of the frameworks that are known here, as layers of ours.

A module is recognised by the name of its class and of that class's own module: the framework
itself is never imported.
"""

from __future__ import annotations

from torch import nn

from neurodeploy.frontend.foreign.building import refusal
from neurodeploy.frontend.foreign.form import Framework
from neurodeploy.frontend.foreign.form import Taken as Taken
from neurodeploy.frontend.foreign.neurons.containers import SPIKINGJELLY
from neurodeploy.frontend.foreign.neurons.norse import NORSE
from neurodeploy.frontend.foreign.neurons.rockpool import ROCKPOOL
from neurodeploy.frontend.foreign.neurons.sinabs import SINABS
from neurodeploy.frontend.foreign.neurons.slayer import SLAYER
from neurodeploy.frontend.foreign.neurons.snntorch import SNNTORCH

# A word of the path of its modules -> the framework.
_FRAMEWORKS: dict[str, Framework] = {
    "snntorch": SNNTORCH,
    "spikingjelly": SPIKINGJELLY,
    "norse": NORSE,
    "sinabs": SINABS,
    "rockpool": ROCKPOOL,
    "slayer": SLAYER,
}
# The names that a user's subclass may define without changing what it computes.
_HARMLESS = frozenset(
    {"__doc__", "__init__", "__module__", "__annotations__", "__qualname__", "extra_repr"}
    | {"__firstlineno__", "__static_attributes__", "__annotate_func__", "__annotations_cache__"}
)


def taken(module: nn.Module) -> Taken | None:
    """Return a known framework's module as ours, or None for any other module.

    Raises:
        UnsupportedLayerError: if it is a known framework's and cannot be ours; names its class,
            the reason and the closest thing.
    """
    framework, name = _class_of(module)
    if framework is None:
        return None
    take = framework.neurons.get(name) or framework.layers.get(name)
    if take is not None:
        return take(module)
    if name in framework.refused:
        raise refusal(module, *framework.refused[name])
    return None


def is_neuron(module: nn.Module) -> bool:
    """Return whether the module is a neuron of a known framework."""
    framework, name = _class_of(module)
    return framework is not None and (name in framework.neurons or name in framework.refused)


def _class_of(module: nn.Module) -> tuple[Framework | None, str]:
    """Return the framework of a module's class, and the class's name there."""
    for kind in type(module).__mro__:
        for word in kind.__module__.split("."):
            if word in _FRAMEWORKS:
                return _FRAMEWORKS[word], kind.__qualname__
        if not set(vars(kind)) <= _HARMLESS:
            break
    return None, ""
