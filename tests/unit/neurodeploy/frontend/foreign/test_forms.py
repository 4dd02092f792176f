"""Forms of papers' code are folded: numbers, feedback, heads, attention."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.convert import converted
from tests.unit.neurodeploy.frontend.foreign.test_fold import Looping, example


def _scaled(net, x):
    return torch.stack([net.step(2 * (step / 3.0) - 0.5) for step in x])


def _rectified(net, x):
    return torch.stack([net.lif2(-net.fc2(F.relu(net.lif1(net.fc1(step))))) for step in x])


def _fed_back(net, x):
    sent, out = torch.zeros(x.shape[1], 4), []
    for step in x:
        sent = net.lif2(net.rec(sent) + net.fc2(net.lif1(net.fc1(step))))
        out.append(sent)
    return torch.stack(out)


def _mean_head(net, x):
    hidden = torch.stack([net.lif1(net.fc1(step)) for step in x])
    return net.fc2(hidden.mean(0).view(x.shape[1], 2, 4).flatten(1))


def _sum_head(net, x):
    total = 0
    for step in x:
        total = total + net.lif1(net.fc1(step))
    return net.fc2(total)


def _last_head(net, x):
    return net.fc2([net.lif1(net.fc1(step)) for step in x][-1])


def _attention(net, x):
    """Spikes of 8 channels as 4 tokens of 2, with two heads of one channel, and with one head."""
    out = []
    for step in x:
        tokens = net.lif1(net.fc1(step)).view(-1, 4, 2)
        scores = (tokens @ tokens.transpose(-2, -1)) * 0.25
        heads = tokens.view(-1, 4, 2, 1).permute(0, 2, 1, 3)
        linear = heads @ (heads.transpose(-2, -1) @ heads) / 2
        both = (scores @ tokens).flatten(1) + linear.transpose(1, 2).reshape(-1, 8)
        out.append(net.lif2(net.fc2(both)))
    return torch.stack(out)


def _tokens(net, x):
    spikes = torch.stack([net.lif1(net.fc1(step)) for step in x]).unflatten(2, (4, 2))
    return spikes.mean(2), spikes.mean(-1)


FOLDED = (_attention, _scaled, _rectified, _fed_back, _last_head, _tokens)
HEADS = (_mean_head, _sum_head)


@pytest.mark.parametrize("loop", [*FOLDED, *HEADS], ids=lambda loop: loop.__name__)
def test_a_form_is_folded(loop) -> None:
    module, x = Looping(loop).eval(), example()
    conversion = converted(module, x)
    agreement = conversion.agreement
    assert agreement is not None
    assert agreement.equal
    assert agreement.spikes > 20
    with torch.no_grad():
        ours, theirs = conversion.network(x), module(x)
    theirs = theirs[0] if isinstance(theirs, tuple) else theirs
    if loop in HEADS:
        # The mean of sums is the sum of means but for rounding.
        assert torch.allclose(ours, theirs, atol=1e-5)
    else:
        assert torch.equal(ours, theirs)
    assert (loop is _rectified) == bool(conversion.left_out)


def _erased(net, x):
    return torch.stack([net.step(0.0 * step) for step in x])


def _softmaxed(net, x):
    tokens = torch.stack([net.lif1(net.fc1(step)) for step in x]).unflatten(2, (4, 2))
    return (tokens @ tokens.transpose(-2, -1)).softmax(-1) @ tokens


def _other_product(net, x):
    hidden = [net.lif1(net.fc1(step)) for step in x]
    tokens = torch.stack(hidden).unflatten(2, (2, 4))
    others = torch.stack([net.lif2(net.fc2(spikes)) for spikes in hidden]).unflatten(2, (2, 2))
    return tokens @ tokens.transpose(-2, -1) @ others


def _rectified_sums(net, x):
    return torch.stack([net.lif2(F.relu(net.fc2(net.lif1(net.fc1(step))))) for step in x])


def _fed_to_others(net, x):
    sent, out = torch.zeros(x.shape[1], 4), []
    for step in x:
        hidden = net.lif1(net.fc1(step))
        out.append(net.lif2(net.rec(sent) + net.fc2(hidden)))
        sent = hidden[:, :4]
    return torch.stack(out)


def _largest_head(net, x):
    return net.fc2(torch.stack([net.lif1(net.fc1(step)) for step in x]).amax(0))


class Cell(nn.Module):
    """A neuron that bends its input, with its voltage in an attribute."""

    def forward(self, x):
        self.v = x if self.v is None else 0.9 * self.v + torch.tanh(x)
        return (self.v > 1).float()


def test_a_cell_that_equations_lack_names_its_own_line() -> None:
    def cells(net, x):
        net.cell.v = None
        return torch.stack([net.cell(net.fc1(step)) for step in x])

    module = Looping(cells).eval()
    module.cell = Cell()
    words = r"cell \(Cell, test_forms.py:\d+\): .*tanh is not a word of equations"
    with pytest.raises(UnsupportedLayerError, match=words) as refusal:
        converted(module, example())
    assert "own.py" not in str(refusal.value)


def test_a_module_without_a_layer_of_ours_is_refused_for_that() -> None:
    def gated(net, x):
        return torch.stack([net.lif2(net.fc2(step)) for step in net.rnn(x)[0]])

    module = Looping(gated).eval()
    module.rnn = nn.LSTM(6, 8)
    with pytest.raises(UnsupportedLayerError, match=r"rnn \(torch.LSTM\) has no layer of ours"):
        converted(module, example())


REFUSED = {
    _erased: "multiplied by 0",
    _softmaxed: r"test_forms.py:.*softmax of single steps",
    _other_product: "a product of matrices that is not attention",
    _rectified_sums: "relu has no layer of ours",
    _fed_to_others: "rec: feeds back to other neurons",
    _largest_head: r"fc2 \(torch.Linear\) reads the largest value over time",
}


@pytest.mark.parametrize("loop", REFUSED, ids=lambda loop: loop.__name__)
def test_what_has_no_layer_is_refused(loop) -> None:
    with pytest.raises(UnsupportedLayerError, match=REFUSED[loop]) as refusal:
        converted(Looping(loop), example())
    assert refusal.value.remedy
