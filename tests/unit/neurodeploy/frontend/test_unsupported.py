"""An unsupported layer is one error that names it, with a remedy if there is one."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend import graph_of
from snncore import layer, neuron

Forward = Callable[["Given", Tensor], object]


class Given(nn.Module):
    """A network whose forward is given."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.replacement = forward
        self.fc, self.lif = quant.Linear(3, 3), quant.CubaLIF()
        self.norm, self.weight = nn.BatchNorm1d(3), nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> object:
        return self.replacement(self, x)


def relu(m: Given, x: Tensor) -> Tensor:
    return torch.relu(m.lif(x))


def branch(m: Given, x: Tensor) -> Tensor:
    return m.lif(x) if x.sum() > 0 else m.lif(m.fc(x))


def loop(m: Given, x: Tensor) -> Tensor:
    return torch.stack([m.lif(step) for step in x])


def failing(m: Given, x: Tensor) -> Tensor:
    raise KeyError("nothing of that name")


def asserting(m: Given, x: Tensor) -> Tensor:
    assert x.ndim == 3
    return m.lif(x)


WRONG: dict[str, tuple[Forward, str]] = {
    "a layer twice": (lambda m, x: m.fc(m.lif(m.fc(x))), "fc: this layer is used twice .*its own"),
    "a function": (relu, "relu is not an operation that can be exported .*call layers"),
    "an if on values": (branch, "cannot be traced at .*py:.*: .*may not branch on values"),
    "a loop over steps": (loop, "cannot be traced at .*: .*nd.convert.*neuron.define"),
    "an assertion on values": (asserting, "cannot be traced at .*: "),
    "an exception of its own": (failing, "cannot be traced at .*: .*nothing of that name"),
    "a number added": (lambda m, x: m.lif(x) + 1, "add: an argument is not a value of the network"),
    "a number in front": (lambda m, x: 1 + m.lif(x), "add: an argument is not a value"),
    "a weighted sum": (lambda m, x: torch.add(x, m.lif(x), alpha=2), "add is not an operation"),
    "a difference": (lambda m, x: m.lif(x) - x, "sub is not an operation"),
    "a quotient": (lambda m, x: m.lif(x) / x, "truediv is not an operation"),
    "what is missing from one": (lambda m, x: 1 - m.lif(x), "output: reads one minus lif"),
    "what is missing from two": (lambda m, x: 2 - m.lif(x), "sub is not an operation"),
    "twice a value": (lambda m, x: 2 * m.lif(x), "mul: an argument is not a value"),
    "a slice": (lambda m, x: m.lif(x)[0], "getitem is not an operation"),
    "a method": (lambda m, x: m.lif(x).mean(1), "mean is not an operation"),
    "a shape": (lambda m, x: m.lif(x.reshape(x.shape[0], -1)), "is not an operation"),
    "a parameter": (lambda m, x: m.lif(x + m.weight), "weight is not an operation"),
    "a constant": (lambda m, x: m.lif(x + torch.ones(3)), "is not an operation|is not a value"),
    "a flatten of the batch": (lambda m, x: torch.flatten(m.lif(x), 1), r"torch\.flatten\(x, 2\)"),
    "a flatten of everything": (lambda m, x: m.lif(x).flatten(), "axes after time and batch"),
    "a flatten to an end": (lambda m, x: torch.flatten(m.lif(x), end_dim=2), "axes after time"),
    "an unknown module": (
        lambda m, x: m.norm(m.lif(x)),
        r"norm: torch\.nn\.BatchNorm1d .*layers of quant",
    ),
    "two results": (lambda m, x: (m.lif(x), x), "nothing, or more than one value"),
    "no result": (lambda m, x: None, "nothing, or more than one value"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_has_no_place_in_a_graph_is_named(name: str) -> None:
    forward, words = WRONG[name]
    with pytest.raises(UnsupportedLayerError, match=words) as caught:
        nd.lower(Given(forward), example=torch.zeros(2, 1, 3))
    assert isinstance(caught.value, TypeError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("module", [layer.TimeDistributed(nn.ReLU()), layer.MaxPool3d(1)])
def test_a_layer_without_a_place_is_named_and_not_looked_into(module: nn.Module) -> None:
    network = nn.Sequential(module, quant.CubaLIF())
    with pytest.raises(UnsupportedLayerError, match=f"^0: {type(module).__name__} "):
        nd.lower(network, example=torch.zeros(2, 1, 1, 3))


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lif = quant.CubaLIF()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.lif(x + y)


class Default(TwoInputs):
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.lif(x)


class DefaultUsed(TwoInputs):
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.lif(x) + y


@pytest.mark.parametrize("kind", [TwoInputs, DefaultUsed])
def test_a_second_input_is_refused(kind: type[nn.Module]) -> None:
    with pytest.raises(UnsupportedLayerError, match="y: a second input is not supported"):
        nd.lower(kind(), example=torch.zeros(2, 1, 3))


def test_a_second_input_that_has_a_default_and_no_use_is_none() -> None:
    assert nd.lower(Default(), example=torch.zeros(2, 1, 3)).output == "lif"


def test_neurons_of_two_inputs_are_refused() -> None:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.near, self.far = layer.Linear(3, 3), layer.Linear(3, 3)
            self.fire = neuron.DendriticLIF()

        def forward(self, x: Tensor) -> Tensor:
            fired: Tensor = self.fire(self.near(x), self.far(x))
            return fired

    with pytest.raises(UnsupportedLayerError, match=r"fire: DendriticLIF reads 2 .*\(add the"):
        graph_of(Network(), shape=(3,))


def test_a_bias_without_neurons_is_refused() -> None:
    network = nn.Sequential(quant.Linear(3, 2, bias=True), quant.CubaLIF())
    with pytest.raises(UnsupportedLayerError, match=r"0: the chip adds a bias .*quant\.Block"):
        nd.lower(network, example=torch.zeros(1, 1, 3))


@pytest.mark.parametrize("name", ["1.synapse.weight", "1.bias", "0.weight"])
def test_a_value_that_is_no_number_is_named(name: str) -> None:
    network = nn.Sequential(
        layer.Linear(2, 2) if name[0] == "0" else nn.Identity(),
        quant.Block(quant.Linear(2, 2, bias=True), quant.CubaLIF()),
    )
    where = name if name in dict(network.named_parameters()) else "1.synapse.bias"
    with torch.no_grad():
        network.get_parameter(where).fill_(float("nan"))
    with pytest.raises(nd.NeurodeployError, match=rf"{name}: a value is NaN or infinite"):
        graph_of(network, shape=(2,))


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_an_example_without_time_or_batch_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(nd.NeurodeployError, match=r"the example is .*, not \(T, N, ...\)"):
        nd.lower(quant.CubaLIF(), example=torch.zeros(shape))


def test_an_untraceable_part_is_named_with_its_line() -> None:
    network = nn.Sequential(quant.Linear(3, 3), nn.Sequential(Given(branch)))
    words = r"in 1\.0 \(Given\) at test_unsupported\.py:\d+: return m\.lif\(x\) if x\.sum\(\)"
    with pytest.raises(UnsupportedLayerError, match=words):
        graph_of(network, shape=(3,))
