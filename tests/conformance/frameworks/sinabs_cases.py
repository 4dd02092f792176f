"""sinabs's neurons, in every form that has equations of its own."""

from __future__ import annotations

from typing import Any

import sinabs.activation as act
import sinabs.layers as sl
import torch
from torch import Tensor, nn

SHAPE = (32,)
SHAPES: dict[str, tuple[int, ...]] = {"LIF channels": (4, 3, 3), "IAF conv": (4, 3, 3)}
SCALE = {"ALIF": 2.0, "LIF": 4.0}
CHANNELS = torch.tensor([0.5, 0.75, 1.0, 1.5]).reshape(4, 1, 1)


def run(module: Any, x: Tensor, ours: Any) -> list[Tensor]:
    """Run all steps at once, with time behind the batch."""
    batch_first = x.transpose(0, 1)
    if not ours.merged:
        return [module(batch_first).transpose(0, 1)]
    fixed = "num_timesteps" if module.num_timesteps > 0 else "batch_size"
    setattr(module, fixed, len(x) if fixed == "num_timesteps" else x.shape[1])
    flat = module(batch_first.reshape(-1, *x.shape[2:]))
    return [flat.reshape(batch_first.shape).transpose(0, 1)]


NEURONS: dict[str, Any] = {
    "IAF": sl.IAF,
    "IAF single": lambda: sl.IAF(spike_fn=act.SingleSpike),
    "IAF .75": lambda: sl.IAF(spike_threshold=torch.tensor(0.75)),
    "IAF max": lambda: sl.IAF(spike_fn=act.MaxSpike(2)),
    "IAF min": lambda: sl.IAF(min_v_mem=-1.0),
    "IAF min .3": lambda: sl.IAF(min_v_mem=-0.3, spike_threshold=torch.tensor(0.5)),
    "IAF reset": lambda: sl.IAF(reset_fn=act.MembraneReset()),
    "IAF reset .2": lambda: sl.IAF(reset_fn=act.MembraneReset(0.2)),
    "IAF subtract .6": lambda: sl.IAF(reset_fn=act.MembraneSubtract(0.6)),
    "IAF syn": lambda: sl.IAF(tau_syn=5.0),
    "IAFSqueeze": lambda: sl.IAFSqueeze(num_timesteps=40, min_v_mem=-1.0),
    "IAFSqueeze batch": lambda: sl.IAFSqueeze(batch_size=8),
    "LIF": lambda: sl.LIF(tau_mem=5.0),
    "LIF raw": lambda: sl.LIF(tau_mem=5.0, norm_input=False),
    "LIF syn": lambda: sl.LIF(tau_mem=5.0, tau_syn=3.0, norm_input=False),
    "LIF syn single": lambda: sl.LIF(
        tau_mem=5.0, tau_syn=3.0, norm_input=False, spike_fn=act.SingleSpike
    ),
    "LIF alphas": lambda: sl.LIF(tau_mem=5.0, tau_syn=3.0, train_alphas=True, norm_input=False),
    "LIF vector": lambda: sl.LIF(tau_mem=torch.linspace(2.0, 20.0, 32), norm_input=False),
    "LIF channels": lambda: sl.LIF(tau_mem=5.0, spike_threshold=CHANNELS, norm_input=False),
    "LIF min": lambda: sl.LIF(tau_mem=5.0, min_v_mem=-0.1, norm_input=False),
    "LIFSqueeze": lambda: sl.LIFSqueeze(tau_mem=5.0, batch_size=8, norm_input=False),
    "ExpLeak": lambda: sl.ExpLeak(tau_mem=5.0),
    "ExpLeak min": lambda: sl.ExpLeak(tau_mem=5.0, min_v_mem=0.1, norm_input=True),
    "ALIF": lambda: sl.ALIF(tau_mem=5.0, tau_adapt=10.0),
    "ALIF raw": lambda: sl.ALIF(tau_mem=5.0, tau_adapt=10.0, norm_input=False),
    "ALIF syn": lambda: sl.ALIF(
        tau_mem=5.0, tau_adapt=10.0, tau_syn=3.0, norm_input=False, adapt_scale=0.5
    ),
    "ALIF syn normed": lambda: sl.ALIF(
        tau_mem=5.0, tau_adapt=10.0, tau_syn=3.0, spike_threshold=torch.tensor(0.125)
    ),
    "ALIF multi": lambda: sl.ALIF(
        tau_mem=5.0, tau_adapt=10.0, spike_fn=act.MultiSpike, norm_input=False
    ),
    "IAFRecurrent": lambda: sl.IAFRecurrent(nn.Linear(32, 32)),
    "IAF conv": lambda: sl.IAFRecurrent(nn.Conv2d(4, 4, 3, padding=1)),
    "LIFRecurrent": lambda: sl.LIFRecurrent(5.0, nn.Linear(32, 32), norm_input=False),
    "ALIFRecurrent": lambda: sl.ALIFRecurrent(5.0, 10.0, nn.Linear(32, 32), norm_input=False),
}


REFUSED: dict[str, Any] = {
    "feedback": lambda: sl.IAFRecurrent(nn.PReLU()),
    "fires otherwise": lambda: sl.IAF(spike_fn=type("Own", (act.MultiSpike,), {})),
    "max pool": lambda: sl.SpikingMaxPooling2dLayer(2),
    "repeated": lambda: sl.Repeat(nn.PReLU()),
}
LAYERS: dict[str, Any] = {
    "SumPool2d": (lambda: sl.SumPool2d(2), (5, 3, 2, 8, 8)),
    "Repeat": (lambda: sl.Repeat(nn.Conv2d(2, 4, 3)), (5, 3, 2, 8, 8)),
}
