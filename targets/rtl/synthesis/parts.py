"""The parts that a network is synthesized for, and the words of yosys and nextpnr for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part: its name for people, the commands, and the resources that matter of nextpnr's."""

    title: str
    synthesis: str
    router: str
    options: tuple[str, ...]
    resources: Mapping[str, str]


_ICE40 = {"ICESTORM_LC": "logic cells", "ICESTORM_RAM": "block RAMs of 4 Kbit"}
_ECP5 = {
    "TRELLIS_COMB": "lookup tables",
    "TRELLIS_FF": "flip-flops",
    "DP16KD": "block RAMs of 16 Kbit",
    "MULT18X18D": "multipliers",
}
PARTS: Mapping[str, Part] = {
    "ice40-hx8k": Part(
        "Lattice iCE40 HX8K",
        "synth_ice40 -top nd_top",
        "nextpnr-ice40",
        ("--hx8k", "--package", "ct256"),
        _ICE40,
    ),
    # Of the family, the only one with multipliers.
    "ice40-up5k": Part(
        "Lattice iCE40 UP5K",
        "synth_ice40 -dsp -top nd_top",
        "nextpnr-ice40",
        ("--up5k", "--package", "sg48"),
        {**_ICE40, "ICESTORM_DSP": "multipliers"},
    ),
    "ecp5-25k": Part(
        "Lattice ECP5 25K",
        "synth_ecp5 -top nd_top",
        "nextpnr-ecp5",
        ("--25k", "--package", "CABGA381"),
        _ECP5,
    ),
    "ecp5-85k": Part(
        "Lattice ECP5 85K",
        "synth_ecp5 -top nd_top",
        "nextpnr-ecp5",
        ("--85k", "--package", "CABGA756"),
        _ECP5,
    ),
}
