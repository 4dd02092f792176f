"""The work of each of two processes; the first writes the result."""

from __future__ import annotations

import json
import sys

import torch
from torch import Tensor, nn

import quant
from snncore import encoding, layer, loss, models, neuron, training
from snncore.training import capture
from tests.unit.snncore.training.test_capture import Repeated

Weights = dict[str, list[float]]
# How it is trained, how many batches make a step, and the network.
CASES = {
    "parallel": (training.data_parallel, 1, "norms"),
    "sharded": (training.fully_sharded, 1, "norms"),
    "parallel, two batches": (training.data_parallel, 2, "plain"),
    "sharded, two batches": (training.fully_sharded, 2, "plain"),
    "parallel, on a grid": (training.data_parallel, 1, "grid"),
    "sharded, on a grid": (training.fully_sharded, 1, "grid"),
}


def network(kind: str) -> nn.Module:
    """Build a small SEW ResNet with a norm of features, or a network whose samples do not meet.

    The one on a grid has norms that are folded while they learn, and units that are learned.
    """
    torch.manual_seed(0)
    if kind == "grid":
        layers: list[nn.Module] = [layer.Conv2d(1, 4, 3, bias=False), layer.BatchNorm2d(4)]
        layers += [neuron.ParametricLIF(threshold=0.4), layer.Flatten(), layer.Linear(144, 4)]
        return quant.prepare(
            nn.Sequential(encoding.Direct(bits=8), *layers, neuron.LIF(threshold=0.2)),
            target="int8",
            example=data()[0],
            scale="learned",
        )
    if kind == "norms":
        resnet = models.sew_resnet18(4, width=4, channels=1, small_images=True)
        return nn.Sequential(resnet, layer.BatchNorm1d(4), neuron.LIF(threshold=0.3))
    conv = nn.Sequential(layer.Conv2d(1, 4, 3), neuron.ParametricLIF(threshold=0.2))
    return nn.Sequential(conv, layer.Flatten(), layer.Linear(144, 4), neuron.LIF(threshold=0.2))


def data() -> tuple[Tensor, Tensor]:
    """Return eight samples."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(3, 8, 1, 8, 8, generator=generator) * 3
    return x, torch.randint(0, 4, (8,), generator=generator)


def part(process: training.Process, index: int, pieces: int) -> tuple[Tensor, Tensor]:
    """Return the samples of one of this process's batches."""
    x, labels = data()
    position = index * process.count + process.rank
    size = 8 // (process.count * pieces)
    mine = slice(position * size, (position + 1) * size)
    return x[:, mine].to(process.device), labels[mine].to(process.device)


def train(case: str, process: training.Process, folder: str | None = None) -> Weights:
    """Take three steps and return the weights; with a folder, another run takes the last step."""
    # On GPUs as exactly as on CPUs.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    wrap, pieces, norms = CASES[case]
    pieces = 1 if process.count == 1 else pieces
    batches = [part(process, index, pieces) for index in range(pieces)]

    def begun() -> tuple[nn.Module, torch.optim.Optimizer]:
        net = wrap(network(norms), process)
        return net, torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)

    net, optimizer = begun()
    for step in range(3):
        if step == 2 and folder is not None:
            path = f"{folder}/{process.rank}.npz"
            training.save_run(path, net, optimizer)
            net, optimizer = begun()
            training.load_run(path, net, optimizer)
        training.training_step(net, optimizer, batches, loss.rate_cross_entropy)
    weights = {}
    for name, value in net.state_dict().items():
        full = value.full_tensor() if hasattr(value, "full_tensor") else value
        weights[name.removeprefix("module.")] = full.double().flatten().tolist()
    return weights


def captured(process: training.Process) -> Weights:
    """Return the same from captured steps, whose graph runs Python again."""
    net, steps = network("plain").to(process.device), list[training.CapturedStep]()
    if process.rank:
        # All begin with the weights of the first.
        for parameter in net.parameters():
            nn.init.zeros_(parameter)
    setattr(capture, "_Graph", lambda _: Repeated(net, steps))  # noqa: B010
    x, labels = part(process, 0, 1)
    steps.append(training.CapturedStep(net, loss.rate_cross_entropy, x, labels, process=process))
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    for _ in range(3):
        steps[0](x, labels)
        optimizer.step()
    return {name: value.double().flatten().tolist() for name, value in net.state_dict().items()}


def main() -> None:
    """Run all cases in the same processes."""
    with training.processes() as process:
        result = {case: train(case, process) for case in CASES}
        for case in ("parallel", "sharded"):
            result[f"{case}, resumed"] = train(case, process, sys.argv[2])
        result["captured"] = captured(process)
        if process.first:
            with open(sys.argv[1], "w", encoding="utf-8") as file:
                json.dump(result, file)


if __name__ == "__main__":
    main()
