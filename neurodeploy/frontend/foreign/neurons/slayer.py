"""Slayer's blocks, which compute in integers and have a file format of their own."""

from __future__ import annotations

from neurodeploy.frontend.foreign.form import Framework

_INTEGERS = (
    "computes in the integers of a chip, not in floats",
    "export the network with export_hdf5, and give neurodeploy the .net file",
)
_KINDS = ("Neuron", "Input", "Flatten", "Average", "Affine", "Dense", "Conv", "Pool", "Unpool")
SLAYER = Framework(
    neurons={},
    refused=dict.fromkeys((*_KINDS, "ConvT", "Recurrent", "KWTA", "TimeDecimation"), _INTEGERS),
    layers={},
)
