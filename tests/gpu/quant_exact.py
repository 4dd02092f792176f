"""On CUDA, whatever its kernels round or transform: training forward = golden on every bit."""

import contextlib
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.frontend.training import training_trace
from neurodeploy.verification.compare import compare
from snncore import functional, layer
from tests.unit.quant.drawn import FORMATS, drawn_network, drawn_spikes

NETWORKS, EACH_IN_KERNELS = 1000, 50
DEVICE = "cuda"


@pytest.fixture(autouse=True)
def poisoned() -> None:
    """Set nothing in torch: whichever kernels it prefers must be right."""


@contextlib.contextmanager
def fastest() -> Iterator[None]:
    """Use every float32 shortcut of torch: TF32, and the kernels it picks by trial."""
    settings = torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark
    torch.set_float32_matmul_precision("medium")
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(settings[0])
        torch.backends.cudnn.benchmark = settings[1]


@pytest.mark.parametrize("form", FORMATS)
def test_training_on_the_gpu_is_golden(form: str) -> None:
    spiking = 0
    with fastest():
        for seed in range(NETWORKS):
            network, shape = drawn_network(form, seed)
            samples = drawn_spikes(shape, seed)
            before = nd.lower(network, example=samples)
            network.to(DEVICE)
            program = nd.lower(network, example=samples)
            # Rounded values are the same everywhere; only folding a norm computes in floats.
            norms = any(isinstance(module, layer.BatchNorm) for module in network.modules())
            assert norms or program == before, f"{form} {seed}"
            golden = nd.simulate(program, samples)
            trained = training_trace(network, program, samples.numpy().astype(np.int64))
            link = compare("CUDA", golden, trained, 0.0)
            assert link.same, f"{form} {seed}: {link.divergence or link.reason}"
            spiking += golden.spikes() > 0
            # States are recorded step by step; kernels, which take long to compile, show spikes.
            if seed % EACH_IN_KERNELS == 0:
                functional.reset(network)
                with torch.no_grad():
                    outputs = network(samples.to(DEVICE))
                assert np.array_equal(outputs.cpu().numpy(), golden.output), f"{form} {seed}"
    assert spiking > NETWORKS / 2


def large(form: str) -> nn.Sequential:
    """Build a network of shapes for which torch picks fast convolutions, such as FFT."""
    torch.manual_seed(0)
    options = {"format": form}
    kind = quant.CubaLIF if form == "loihi" else quant.LIF
    layers = nn.Sequential(
        quant.Block(quant.Conv2d(2, 64, 3, padding=1, **options), kind(threshold=0.5, **options)),
        quant.Block(quant.Conv2d(64, 64, 3, padding=1, **options), kind(**options)),
        quant.Block(quant.Conv2d(64, 32, 5, padding=2, **options), kind(**options)),
        layer.Flatten(),
        quant.Block(quant.Linear(32 * 34 * 34, 11, **options), kind(**options)),
    )
    with torch.no_grad():
        for weight in layers.parameters():
            weight.uniform_(-1.0, 1.0).mul_(4.0 / weight[0].numel() ** 0.5)
    return layers


@pytest.mark.parametrize("cast", [None, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("form", ["loihi", "int8", "int16"])
def test_large_layers_are_the_fast_engines(
    form: str, channels_last: bool, cast: torch.dtype | None
) -> None:
    network = large(form).eval()
    generator = torch.Generator().manual_seed(1)
    samples = (torch.rand(4, 8, 2, 34, 34, generator=generator) < 0.2).float()
    program = nd.lower(network, example=samples)
    wanted = nd.simulate(program, samples, engine="fast").output
    network.to(DEVICE)
    if channels_last:
        network.to(memory_format=torch.channels_last)
    context = torch.autocast(DEVICE, dtype=cast) if cast else contextlib.nullcontext()
    with fastest(), torch.no_grad(), context:
        spikes = network(samples.to(DEVICE))
    assert 10 < wanted.sum() < wanted.size
    assert np.array_equal(spikes.cpu().numpy().astype(np.uint8), wanted)


# Torch's own warnings while it compiles are not ours to fix.
@pytest.mark.filterwarnings("ignore")
def test_a_compiled_network_is_the_same() -> None:
    for seed in range(0, 12, 3):
        network, shape = drawn_network("int8", seed)
        samples = drawn_spikes(shape, seed).to(DEVICE)
        network.to(DEVICE)
        with torch.no_grad():
            plain = network(samples)
            functional.reset(network)
            compiled = torch.compile(network)(samples)
        assert torch.equal(plain, compiled), f"seed {seed}"
