"""The resources of a network on a microcontroller, for `inspect` and reports."""

from __future__ import annotations

from neurodeploy.chips.resources import Core, LayerNeeds, Placement, Slice, Use
from neurodeploy.program import Program, Synapse
from targets.c.needs import layer_bytes, needs_of
from targets.c.text.network import Network
from targets.c.text.neurons import Layer

# An STM32F405, as its data sheet has it: a Cortex-M4 of 168 MHz.
CHIP, FLASH, RAM = "STM32F405 (Cortex-M4)", 1 << 20, 192 << 10
_NOTES = (
    "flash is the numbers, and code as estimated for -Os; RAM is one nd_network, without the stack",
)


def placement(network: Network) -> Placement:
    """Return a network on one microcontroller of a usual size."""
    needs, program = needs_of(network), network.program
    layers = [_needs(network, layer) for layer in network.layers]
    problems = [
        (program.output, f"the network takes {used:,} bytes of {what}, and there are {limit:,}")
        for what, used, limit in (("flash", needs.flash, FLASH), ("RAM", needs.ram, RAM))
        if used > limit
    ]
    slices = tuple(Slice(layer.node.name, 0, layer.size) for layer in network.layers)
    uses = (Use("flash", needs.flash, FLASH), Use("RAM", needs.ram, RAM))
    cores = () if problems else (Core(slices, uses),)
    return Placement(CHIP, cores, 1, tuple(layers), tuple(problems), _NOTES)


def _needs(network: Network, layer: Layer) -> LayerNeeds:
    synapses = _synapses(network.program, layer)
    fans = [node.fan_in(network.program.shapes[node.source.source]) for node in synapses]
    value = network.memory.values[layer.node.name]
    names = [node.name for node in synapses] + [layer.node.name]
    scattered = any(w.scatters for w in network.weights if w.node in synapses)
    return LayerNeeds(
        layer.node.name,
        layer.size,
        max((int(fan.max(initial=0)) for fan in fans), default=0),
        sum(int(fan.sum()) for fan in fans),
        8 * sum(layer_bytes(network, name) for name in names),
        "by event" if scattered else "dense",
        value.slots - 1,
        1 if value.is_bits else 8 * value.bytes_a_word,
        1,
    )


def _synapses(program: Program, layer: Layer) -> list[Synapse]:
    return [node for node in program.synapses if node.name in layer.sources]
