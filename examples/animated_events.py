"""A moving digit as events, and what a layer makes of it, as animations.

python examples/animated_events.py [FOLDER]
"""

import sys
from pathlib import Path

import torch

from snncore import animation, data, layer, monitor, neuron

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    torch.manual_seed(0)
    digits = data.MovingDigits(1)
    frames, _ = data.EventFrames(digits, digits.size, data.by_time(24))[0]
    animation.events(frames, folder / "events.gif", scale=8)
    net = torch.nn.Sequential(layer.Conv2d(2, 4, 3, padding=1), neuron.LIF(threshold=0.5))
    with monitor.record(net) as recording, torch.no_grad():
        net(frames.unsqueeze(1))
    animation.spikes(recording["1"]["s"], folder / "spikes.gif", scale=4)
    animation.membranes(recording["1"]["v"], folder / "membranes.gif", scale=4)
    print(f"{folder}: events.gif, spikes.gif, membranes.gif")
