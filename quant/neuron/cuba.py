"""The neurons of chips, by name."""

from __future__ import annotations

from typing import Any

from quant.grid.registry import chip_format
from quant.neuron.chip_neuron import ChipNeuron
from snncore.dynamics.zoo.spiking import DRIVEN_CUBA_LIF, Fire, Reset, biased_if, biased_lif
from snncore.neuron import CUBA_LIF
from snncore.neuron.parameters import Given


class CubaLIF(ChipNeuron):
    """Current based leaky integrate and fire on a chip's grid, with a hard reset to zero."""

    def __init__(
        self,
        threshold: Given = 1.0,
        *,
        current_decay: Given = 1.0,
        voltage_decay: Given = 0.5,
        bias: int | None = None,
        exponent: int | None = None,
        format: Any = None,  # noqa: A002
        **options: Any,
    ) -> None:
        values = {
            "threshold": threshold,
            "current_decay": current_decay,
            "voltage_decay": voltage_decay,
        }
        super().__init__(CUBA_LIF, values, bias=bias, exponent=exponent, format=format, **options)


class DrivenCubaLIF(ChipNeuron):
    """CUBA LIF neurons driven by measurements, `scale` times their whole numbers: a first layer.

    The host multiplies and adds the bias, one for all neurons; the chip's registers hold the rest.
    """

    # The gain counts in the unit of the weights.
    _input_unit = 1.0

    def __init__(
        self,
        threshold: Given = 1.0,
        *,
        scale: Given = 1.0,
        current_decay: Given = 1.0,
        voltage_decay: Given = 0.5,
        bias: bool = False,
        exponent: int | None = None,
        format: Any = None,  # noqa: A002
        **options: Any,
    ) -> None:
        values = {
            "gain": scale,
            "current_decay": current_decay,
            "voltage_decay": voltage_decay,
            "threshold": threshold,
        }
        base_options = {"bias": 1 if bias else None, "exponent": exponent, "format": format}
        super().__init__(DRIVEN_CUBA_LIF, values, **base_options, **options)

    def argument_of(self, parameter: str) -> str:
        """Return the name of the argument that gives a parameter."""
        return "scale" if parameter == "gain" else parameter

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
        config = super().config()
        return config | {"scale": config.pop("gain"), "bias": self.bias is not None}


class _Resetting(ChipNeuron):
    """A neuron with a choice of resets; `rest` is the value after a hard one."""

    def __init__(
        self,
        make: Any,
        values: dict[str, Given],
        rest: Given,
        reset: str,
        detach_reset: bool,
        form: Any,
        **options: Any,
    ) -> None:
        kind, chip = Reset(reset), chip_format(form)
        name = type(self).__name__
        if kind not in chip.resets:
            resets = ", ".join(chip.resets)
            raise ValueError(f"{name}.reset: {chip.name} has no {reset} reset; it has {resets}")
        if kind == Reset.HARD:
            values = values | {"rest": rest}
        elif rest != 0.0:
            raise ValueError(f"{name}.rest: only a hard reset leads to a value")
        self._reset, self._detach_reset = kind, bool(detach_reset)
        fire = Fire(kind, chip.strict, self._detach_reset)
        super().__init__(make(fire), values, format=chip, **options)

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
        own = {"reset": self._reset.value, "detach_reset": self._detach_reset}
        return super().config() | own


class IF(_Resetting):
    """Integrate and fire on a chip's grid."""

    def __init__(
        self,
        threshold: Given = 1.0,
        *,
        rest: Given = 0.0,
        reset: str = "hard",
        detach_reset: bool = False,
        bias: int | None = None,
        exponent: int | None = None,
        format: Any = "int8",  # noqa: A002
        **options: Any,
    ) -> None:
        options |= {"bias": bias, "exponent": exponent}
        values = {"threshold": threshold}
        super().__init__(biased_if, values, rest, reset, detach_reset, format, **options)


class LIF(_Resetting):
    """Leaky integrate and fire on a chip's grid: every step the voltage loses its `decay`."""

    def __init__(
        self,
        decay: Given = 0.5,
        threshold: Given = 1.0,
        *,
        rest: Given = 0.0,
        reset: str = "hard",
        detach_reset: bool = False,
        bias: int | None = None,
        exponent: int | None = None,
        format: Any = "int8",  # noqa: A002
        **options: Any,
    ) -> None:
        options |= {"bias": bias, "exponent": exponent}
        values = {"decay": decay, "threshold": threshold}
        super().__init__(biased_lif, values, rest, reset, detach_reset, format, **options)
