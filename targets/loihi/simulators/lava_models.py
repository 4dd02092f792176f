"""Lava's own processes, each a little more: recorded, and every sample starting from rest.

What they compute is the vendor's. What a `.net` file leaves open is when a sample begins: there,
states are set to zero, as a host may do between steps, and what is still on its way through
delayed or recurrent synapses is set to zero with them.
"""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from lava.proc.dense.models import PyDelayDenseModelBitAcc, PyDenseModelBitAcc
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.lif.models import PyLifResetModelBitAcc
from lava.proc.lif.process import LIFReset
from lava.proc.rf.models import PyRFModelFixed
from lava.proc.rf.process import RF
from lava.proc.rf_iz.models import PyRF_IZModelFixed
from lava.proc.rf_iz.process import RF_IZ
from lava.proc.sdn.models import PyDeltaModelFixed, PySigmaDeltaModelFixed, PySigmaModelFixed
from lava.proc.sdn.process import Delta, Sigma, SigmaDelta

FIRES = {"s": np.uint8}
SENDS = {"s": np.int32}
# what each kind of neurons shows, and the type that it is written in
SHOWN = {
    LIFReset: FIRES | {"u": np.int32, "v": np.int32},
    RF: FIRES | {"real": np.int32, "imag": np.int32},
    RF_IZ: FIRES | {"real": np.int32, "imag": np.int32},
    Delta: SENDS | {"act": np.int32, "residue": np.int32},
    Sigma: SENDS | {"sigma": np.int32},
    SigmaDelta: SENDS | {"sigma": np.int32, "act": np.int32, "residue": np.int32},
}

# for each value that a layer shows: an open file, the length of its header, and its type
Files = dict[str, tuple[int, int, Any]]


@dataclass(frozen=True)
class Samples:
    """Samples one after another, as a layer sees them that lies behind so many synapses."""

    lag: int
    steps: int

    def locate(self, time_step: int) -> tuple[int, int]:
        """Return sample and step of one of Lava's steps, which count from 1."""
        return divmod(time_step - 1 - self.lag, self.steps)

    def begin(self, time_step: int) -> bool:
        """Return whether it is the first step of a sample."""
        sample, step = self.locate(time_step)
        return sample >= 0 and step == 0


@dataclass(frozen=True)
class LayerRecorder:
    """A recorder of one layer's values, in files that hold (T, N, ...), a row for each step."""

    files: Files
    timing: Samples
    count: int
    first: int
    last: int

    def write(self, time_step: int, **values: np.ndarray) -> None:
        """Write what was computed in one of Lava's steps."""
        sample, step = self.timing.locate(time_step)
        if 0 <= sample < self.last - self.first:
            row = step * self.count + self.first + sample
            for name, value in values.items():
                file, header, kind = self.files[name]
                # Lava's (W, H, C) reversed is torch's (C, H, W)
                data = np.ascontiguousarray(value.T, dtype=kind)
                os.pwrite(file, data.data, header + row * data.nbytes)


class Heard:
    """An out port that remembers what it sent last."""

    def __init__(self, port: Any) -> None:
        self.port = port
        self.sent: Any = None

    def send(self, data: Any) -> None:
        """Send it, and keep it."""
        self.sent = np.array(data)
        self.port.send(data)


class Recorded:
    """A neuron whose steps are recorded: Var.get takes 30 us for each value."""

    proc_params: Any
    time_step: int
    s_out: Any
    states: tuple[str, ...] = ()
    # Lava's own reset does it for LIF
    resets_itself = False

    def run_spk(self) -> None:
        """Run the vendor's step, then record it."""
        recorder = self.proc_params["recorder"]
        if recorder.timing.begin(self.time_step) and not self.resets_itself:
            for name in self.states:
                setattr(self, name, np.zeros_like(getattr(self, name)))
        if not isinstance(self.s_out, Heard):
            self.s_out = Heard(self.s_out)
        vendor: Any = super()
        vendor.run_spk()
        shown = {name: getattr(self, name) for name in self.states}
        recorder.write(self.time_step, s=self.s_out.sent, **shown)


class RecordedLif(Recorded, PyLifResetModelBitAcc):
    """Leaky integrate and fire."""

    states = ("u", "v")
    resets_itself = True


class RecordedResonator(Recorded, PyRFModelFixed):
    """Resonate and fire, by the phase."""

    states = ("real", "imag")


class RecordedIzhikevichResonator(Recorded, PyRF_IZModelFixed):
    """Resonate and fire, with a reset."""

    states = ("real", "imag")


class RecordedDelta(Recorded, PyDeltaModelFixed):
    """Differences of its input."""

    states = ("act", "residue")


class RecordedSigma(Recorded, PySigmaModelFixed):
    """Sums of its input."""

    states = ("sigma",)


class RecordedSigmaDelta(Recorded, PySigmaDeltaModelFixed):
    """Differences of an activation of sums."""

    states = ("sigma", "act", "residue")


class OwnFromRest(PyDenseModelBitAcc):
    """Weights; where they bring a layer's own spikes back, a sample starts without any."""

    def run_spk(self) -> None:
        """Run the vendor's step, and drop what it holds for the next one if a sample begins."""
        super().run_spk()
        timing = self.proc_params.get("timing")
        if timing is not None and timing.begin(self.time_step + 1):
            self.a_buff[:] = 0


class DelaysFromRest(PyDelayDenseModelBitAcc):
    """Weights with delays; a sample starts with nothing on its way."""

    def calc_act(self, s_in: np.ndarray) -> Any:
        """Return what the spikes bring; what is still on its way from earlier ones is dropped."""
        if self.proc_params["timing"].begin(self.time_step + 1):
            self.a_buff[:] = 0
        return super().calc_act(s_in)


MODELS = {
    LIFReset: RecordedLif,
    RF: RecordedResonator,
    RF_IZ: RecordedIzhikevichResonator,
    Delta: RecordedDelta,
    Sigma: RecordedSigma,
    SigmaDelta: RecordedSigmaDelta,
    Dense: OwnFromRest,
    DelayDense: DelaysFromRest,
}
