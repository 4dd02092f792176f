"""Modules with a loop over time become networks, and what cannot be folded names its line."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import neurodeploy as nd
from neurodeploy.errors import UnsupportedLayerError, ValidationError
from neurodeploy.frontend.foreign.convert import converted
from snncore import functional, layer, neuron


class Looping(nn.Module):
    """Two layers of neurons that take single steps; each test has a loop of its own."""

    def __init__(self, forward: Callable[["Looping", torch.Tensor], object]) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, 8), nn.Linear(8, 4)
        self.lif1 = neuron.LIF(1.5, 0.3, step_mode="s")
        self.lif2 = neuron.LIF(1.5, 0.2, step_mode="s")
        self.rec = nn.Linear(4, 4)
        self.run = forward

    def forward(self, x):
        functional.reset(self)
        return self.run(self, x)

    def step(self, x):
        return self.lif2(self.fc2(self.lif1(self.fc1(x))))


def _list(net, x):
    return [net.step(step) for step in x]


def _sum(net, x):
    total = 0.0
    for step in x:
        total += net.step(step)
    return total


def _first_stored(net, x):
    for t in range(len(x)):
        if t == 0:
            out = net.step(x[t])
        else:
            out += net.step(x[t])
    return out / len(x)


def _buffer(net, x):
    out = torch.empty(len(x), x.shape[1], 4)
    for t in range(len(x)):
        out[t, ...] = net.step(x[t])
    return torch.max(out, 0)[0]


def _last(net, x):
    for step in x.unbind(0):
        out = net.step(step)
    return out


def _joined(net, x):
    return torch.cat([net.step(step).unsqueeze(0) for step in x]).mean(0)


def _batch_first(net, x):
    x = x.transpose(0, 1)
    return torch.stack([net.step(x[:, t]) for t in range(x.shape[1])], 1).sum(1)


def _softmax(net, x):
    return F.log_softmax(torch.stack(_list(net, x)).mean(0), -1)


def _logged(net, x):
    rates, steps = [], []
    for step in x:
        spikes = net.lif1(net.fc1(step))
        rates.append(spikes.sum() / spikes.numel())
        steps.append(net.lif2(net.fc2(spikes)))
    return torch.stack(steps), torch.stack(rates)


def _products(net, x):
    out = []
    for step in x:
        a, b = net.lif1(net.fc1(step)), net.fc1(step)
        out.append(net.lif2(net.fc2((1 - a) * torch.cat([a[:, :4], a[:, 4:]], 1)) + b[:, :4]))
    return torch.stack(out)


def _population(net, x):
    counts = torch.stack(_list(net, x)).sum(0)
    return counts.view(len(counts), 2, -1).sum(-1)


def _groups(net, x):
    return torch.stack([step.view(len(step), 2, 2).sum(1) for step in _list(net, x)])


LOOPS = (_list, _sum, _first_stored, _buffer, _last, _joined, _batch_first, _softmax, _logged)


def example(*shape: int) -> torch.Tensor:
    return torch.rand(*(shape or (7, 3, 6))) * 2


@pytest.mark.parametrize(
    "loop", [*LOOPS, _products, _population, _groups], ids=lambda loop: loop.__name__
)
def test_a_loop_becomes_a_network(loop, tmp_path) -> None:
    module, x = Looping(loop).eval(), example()
    conversion = converted(module, x)
    agreement = conversion.agreement
    assert agreement is not None
    assert agreement.equal
    assert agreement.spikes > 20
    assert agreement.samples == 7  # Both runs: 3 samples, and 4.
    with torch.no_grad():
        ours, theirs = conversion.network(x), module(x)
    theirs = theirs[0] if isinstance(theirs, tuple) else theirs
    theirs = torch.stack(theirs) if isinstance(theirs, list) else theirs
    if loop is not _softmax:
        assert torch.equal(ours, theirs)
        assert torch.equal(conversion.returned, theirs)
    assert (loop is _softmax) == bool(conversion.left_out)
    nd.save(conversion.network, tmp_path / "model.pt")
    again = nd.load(tmp_path / "model.pt")
    with torch.no_grad():
        assert torch.equal(again(x), ours)


def test_a_static_image_is_repeated() -> None:
    module = Looping(lambda net, x: torch.stack([net.step(x) for _ in range(9)]).sum(0)).eval()
    x = example(3, 6)
    conversion = converted(module, x)
    with torch.no_grad():
        assert torch.equal(conversion.network(x.expand(9, 3, 6)), module(x))
    assert "repeat it" in " ".join(conversion.lines())


def test_a_single_step_is_called_in_a_loop_of_the_users() -> None:
    steps = nn.Sequential(nn.Linear(6, 8), neuron.LIF(1.5, 0.3, step_mode="s"))
    for x in (example(3, 6), example(8, 3, 6)):
        agreement = converted(steps, x).agreement
        assert agreement is not None
        assert (agreement.equal, agreement.steps) == (True, 8)


def test_a_difference_is_seen(monkeypatch) -> None:
    """Negative control: a neuron of ours that computes something else is named with its step."""
    from neurodeploy.frontend.foreign.recording import leaves

    right = leaves.Leaf.layer

    def wrong(leaf, step_mode):
        ours = right(leaf, step_mode)
        if leaf.path == "lif2":
            ours.threshold = 0.6
        return ours

    monkeypatch.setattr(leaves.Leaf, "layer", wrong)
    with pytest.raises(UnsupportedLayerError, match="lif2 parts at step"):
        converted(Looping(_list), example())
    agreement = converted(Looping(_list), example(), strict=False).agreement
    assert agreement is not None
    assert agreement.parting is not None
    assert agreement.parting.layer == "lif2"


def _random(net, x):
    return torch.stack([net.step(step + torch.rand_like(step)) for step in x])


def _branch(net, x):
    return torch.stack([net.step(step) for step in x if step.sum() > 0])


def _two_scales(net, x):
    out = [net.lif1(net.fc1(step)) for step in x]
    return torch.stack([net.lif2(net.fc2(spikes)) for spikes in out[::2]])


def _shift(net, x):
    hidden = [net.lif1(net.fc1(step)) for step in x]
    return torch.stack([net.lif2(net.fc2(hidden[max(t - 1, 0)])) for t in range(len(x))])


def _swapped(net, x):
    return torch.stack(_list(net, x)[::-1])


def _half(net, x):
    return torch.stack([net.step(step) for step in x[: len(x) // 2]])


def _unknown(net, x):
    return torch.stack([net.step(torch.tanh(step)) for step in x])


def _partial_sum(net, x):
    total, out = 0.0, []
    for step in x:
        total = total + net.lif1(net.fc1(step))
        out.append(net.lif2(net.fc2(total)))
    return torch.stack(out)


REFUSED = {
    _random: "test_fold.py:.*rand_like draws random numbers",
    _branch: "test_fold.py:.*__bool__ makes a number of a value",
    _two_scales: "step 2 at its call 1|two time scales",
    _shift: "reads step 0 at its call 1",
    _swapped: "not the steps of one layer in their order",
    _half: "some of the steps are read",
    _unknown: "test_fold.py:.*tanh has no layer of ours",
    _partial_sum: "a sum of some steps",
}


def _logged(net, x):
    rates, out = [], []
    for step in x:
        out.append(net.step(step))
        rates.append(out[-1].mean().item() + float(step.sum()))
    net.log = torch.tensor(rates)
    return torch.stack(out), net.log


def _normed(net, x):
    most = max(x.max().item(), 0.5)
    return torch.stack([net.step(step / most) for step in x])


def _early(net, x):
    return torch.stack([net.step(step) if step.sum().item() < 1e6 else step for step in x])


def test_numbers_for_a_log_change_nothing() -> None:
    conversion = converted(Looping(_logged), example())
    assert conversion.agreement is not None
    assert conversion.agreement.equal
    assert conversion.agreement.spikes > 20


@pytest.mark.parametrize("loop", [_normed, _early], ids=lambda loop: loop.__name__)
def test_numbers_that_change_what_is_computed_are_refused(loop) -> None:
    with pytest.raises(UnsupportedLayerError, match="makes a number of a value") as refusal:
        converted(Looping(loop), example())
    assert refusal.value.remedy


def test_an_assertion_of_the_users_is_no_crash() -> None:
    class Strict(Looping):
        def forward(self, x):
            assert x.ndim == 3, "time, batch, features"
            raise AttributeError("another one")

    with pytest.raises(ValidationError, match=r"does not run on an example.*another one"):
        converted(Strict(_list), example())


@pytest.mark.parametrize("loop", REFUSED, ids=lambda loop: loop.__name__)
def test_what_cannot_be_folded_is_refused(loop) -> None:
    with pytest.raises(UnsupportedLayerError, match=REFUSED[loop]) as refusal:
        converted(Looping(loop), example())
    assert refusal.value.remedy


def test_a_branch_that_shows_on_another_input_is_refused() -> None:
    class Counting(Looping):
        def forward(self, x):
            functional.reset(self)
            extra = self.lif2 if len(x[0]) > 3 else nn.Identity()
            return torch.stack([extra(self.lif1(self.fc1(step))) for step in x])

    with pytest.raises(UnsupportedLayerError, match="another input takes another way"):
        converted(Counting(_list), example())


def test_randomness_beside_torch_is_refused() -> None:
    import numpy as np

    generator = np.random.default_rng(0)

    def noisy(net, x):
        return torch.stack([net.step(step + torch.tensor(generator.random())) for step in x])

    with pytest.raises(UnsupportedLayerError):
        converted(Looping(noisy), example())


def test_bad_examples_are_refused() -> None:
    with pytest.raises(ValidationError, match="NaN"):
        converted(Looping(_list), torch.full((4, 3, 6), float("nan")))
    with pytest.raises(ValidationError, match="does not run on an example"):
        converted(Looping(_list), example(4, 3, 5))


def test_the_door_takes_modules() -> None:
    x = example()
    network = nd.convert(Looping(_logged), example=x, output=0)
    with torch.no_grad():
        assert network(x).any()
    with pytest.raises(ValidationError, match="the example is a NoneType"):
        nd.convert(Looping(_list))
    with pytest.raises(ValidationError, match="takes no dt"):
        nd.convert(Looping(_list), example=x, dt=1e-3)
    with pytest.raises(UnsupportedLayerError, match="returns 2 values, and output 4"):
        nd.convert(Looping(_logged), example=x, output=4)


def test_wrappers_are_looked_through() -> None:
    parallel = nn.DataParallel(Looping(_list))
    conversion = converted(parallel, example())
    assert [name for name, _ in conversion.network.named_children()] == [
        "fc1",
        "lif1",
        "fc2",
        "lif2",
    ]


def test_the_modules_modes_stay() -> None:
    module = Looping(_list).train()
    module.fc1.eval()
    converted(module, example())
    assert (module.training, module.fc1.training, module.lif1.training) == (True, False, True)


def test_layers_that_are_used_twice_are_copied() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.pool = nn.Conv2d(2, 2, 3, padding=1), nn.MaxPool2d(2)
            self.a, self.b = neuron.IF(0.2, step_mode="s"), neuron.IF(0.2, step_mode="s")

        def forward(self, x):
            functional.reset(self)
            steps = [self.b(self.pool(self.fc(self.a(self.pool(self.fc(t)))))) for t in x]
            return torch.stack(steps)

    conversion = converted(Twice(), example(5, 2, 2, 8, 8))
    assert conversion.agreement is not None
    assert conversion.agreement.equal
    assert isinstance(conversion.network.get_submodule("fc_2"), layer.Conv2d)


def test_a_difference_of_the_output_alone_is_seen(monkeypatch) -> None:
    """Negative control: a decoder of ours that leaves out the first step."""
    from snncore.decoding import Decoder

    right = Decoder.__call__
    monkeypatch.setattr(Decoder, "__call__", lambda decoder, values: right(decoder, values[3:]))
    with pytest.raises(UnsupportedLayerError, match="count parts at step 0"):
        converted(Looping(_sum), example())
