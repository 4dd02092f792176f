"""A user's own neuron, and the error if it is not a neuron."""

import copy
import inspect
import math
from enum import StrEnum
from typing import Any

import pytest
import torch

from snncore import neuron, surrogate
from snncore.dynamics import exp, maximum, select, spike
from snncore.dynamics import words as dynamics_words
from snncore.dynamics.printing.render import compile_step

CHANNELS = torch.tensor([0.2, 0.5, 0.9])


@neuron.define(states={"v": 0.0}, params={"decay": 0.5, "threshold": 1.0})
def Leaky(v: Any, x: Any, *, decay: Any, threshold: Any) -> Any:  # noqa: N802
    """A leak and a hard reset."""
    h = decay * v + x
    s = spike(h - threshold)
    return select(s, 0.0, h), s


@neuron.define(states={"v": 0.25, "w": 0.0}, params={"leak": 0.1}, inputs=2)
def Gated(v: Any, w: Any, x: Any, gate: Any, *, leak: Any) -> Any:  # noqa: N802
    h = v - leak * w + x * gate
    s = spike(h - 1.0, strict=True)
    return select(s, h - 1.0, h), w + leak * h, s


def by_hand(x: torch.Tensor, decay: torch.Tensor, threshold: float) -> torch.Tensor:
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        v = decay * v + current
        fired = v >= threshold
        v = torch.where(fired, 0.0, v)
        spikes.append(fired.float())
    return torch.stack(spikes)


@pytest.mark.parametrize("backend", ["torch", "cpp"])
def test_it_computes_what_is_written(backend: str) -> None:
    x = torch.randn(9, 2, 3, 4) + 0.5
    decay = CHANNELS.reshape(3, 1, 1)[:, :, 0]
    spikes = Leaky(decay=CHANNELS, threshold=0.75, backend=backend)(x)
    assert spikes.any()
    assert torch.equal(spikes, by_hand(x, decay, 0.75))


def test_class_keeps_name_doc_and_equations() -> None:
    assert Leaky.__name__ == "Leaky"
    assert Leaky.__doc__ == "A leak and a hard reset."
    assert "v' =" in Leaky.equations.text()
    assert "decay * v" in Leaky.equations.text()


def test_printed_source_computes_the_same() -> None:
    module = Gated()
    step = compile_step(module.source("torch"), vars(dynamics_words))
    values = [torch.randn(5) for _ in range(4)]
    printed = step(*values, torch.tensor(0.1))
    for one, other in zip(printed, module.step(*values, leak=torch.tensor(0.1)), strict=True):
        assert torch.equal(one, other)
    assert "forward" in module.source("cpp")
    with pytest.raises(ValueError, match="no backend 'abacus'"):
        module.source("abacus")


def test_initial_states_and_two_inputs() -> None:
    module = Gated()
    x, gate = torch.randn(6, 2, 3), torch.rand(6, 2, 3)
    module(x[:1] * 0, gate[:1])
    assert torch.equal(module.states["v"], torch.full((2, 3), 0.25))
    module.reset()
    whole = module(x, gate)
    module.reset()
    halves = torch.cat([module(x[:3], gate[:3]), module(x[3:], gate[3:])])
    assert torch.equal(whole, halves)
    with pytest.raises(TypeError, match="takes x, gate"):
        module(x)
    with pytest.raises(ValueError, match=r"Gated\.gate"):
        module(x, gate[:, :1])


@pytest.mark.parametrize("shape", [(), (3,), (3, 4)])
def test_parameters_learn_in_every_shape(shape: tuple[int, ...]) -> None:
    x = torch.randn(7, 2, 3, 4)
    gradients = []
    for backend in ("torch", "cpp"):
        module = Leaky(decay=torch.full(shape, 0.4), learnable=("decay",), backend=backend)
        (module(x) * x).sum().backward()
        gradients.append(module.decay.grad)
    assert gradients[0].shape == shape
    assert bool(gradients[0].any())
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-6, atol=1e-6)


def test_a_parameter_of_the_wrong_shape_is_named() -> None:
    with pytest.raises(ValueError, match=r"Leaky\.decay: \(5,\) .* 3 channels"):
        Leaky(decay=torch.ones(5))(torch.randn(2, 2, 3, 4))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"threshold": math.nan}, ValueError, r"Leaky\.threshold: the value is NaN"),
        ({"decay": torch.tensor([0.1, math.nan])}, ValueError, r"Leaky\.decay"),
        ({"decay": "fast"}, TypeError, r"Leaky\.decay"),
        ({"learnable": ("v",)}, ValueError, "'v' cannot be learned"),
        ({"tau": 2.0}, TypeError, "tau"),
        ({"backend": "abacus"}, ValueError, "abacus"),
    ],
)
def test_bad_arguments(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Leaky(**options)


def with_an_if(v: Any, x: Any) -> Any:
    h = v + x
    return (v, spike(h)) if h > 1 else (h, spike(h))


def forgets_a_state(v: Any, x: Any) -> Any:
    return spike(v + x)


def two_inputs(v: Any, x: Any, y: Any) -> Any:
    return v + x + y, spike(v)


def equal(v: Any, x: Any) -> Any:
    return v, v == x


def positional(v: Any, x: Any, decay: Any) -> Any:
    return v * decay + x, spike(v)


def reserved(v: Any, x: Any, *, reset: Any) -> Any:
    return v + x * reset, spike(v)


@pytest.mark.parametrize(
    ("step", "declared", "words"),
    [
        (with_an_if, {}, "select"),
        (forgets_a_state, {}, "the spike last"),
        (two_inputs, {}, "inputs=1"),
        (equal, {}, "=="),
        (positional, {"params": {"decay": 0.5}}, "keyword-only"),
        (reserved, {"params": {"reset": 1.0}}, "cannot be called reset"),
        (forgets_a_state, {"states": {"v": 0.0, "x": 0.0}}, "states first"),
        (two_inputs, {"inputs": 2, "states": {"v": math.nan}}, "v is NaN"),
        (reserved, {"states": {"v": 0.0}, "params": {"v": 1.0}}, "v is used twice"),
    ],
)
def test_no_neuron(step: Any, declared: dict[str, Any], words: str) -> None:
    arguments = {"states": {"v": 0.0}, "params": {}} | declared
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        neuron.define(**arguments)(step)
    assert step.__name__ in str(caught.value)
    assert f"{__file__}:" in str(caught.value)


def test_the_line_that_is_wrong_is_named() -> None:
    line = with_an_if.__code__.co_firstlineno + 2
    with pytest.raises(TypeError, match=f"test_define.py:{line}"):
        neuron.define(states={"v": 0.0}, params={})(with_an_if)


def test_config_makes_an_equal_neuron_without_the_function() -> None:
    module = Leaky(decay=CHANNELS, learnable=("decay",), surrogate=surrogate.Erf(), backend="torch")
    config = module.config()
    kind = surrogate.KINDS[config["surrogate"].pop("type")]
    config["surrogate"] = kind(**config["surrogate"])
    again = neuron.Defined(**config)
    x = torch.randn(5, 2, 3)
    assert torch.equal(again(x), module(x))
    assert again.surrogate == module.surrogate
    assert isinstance(again.decay, torch.nn.Parameter)


class Kind(StrEnum):
    PLAIN = "plain"
    DOUBLE = "double"


@neuron.define(
    states={"v": 0.0},
    params={"threshold": 1.0, "leak": 0.5},
    choices={"kind": Kind.PLAIN, "most": 1, "clipped": False},
    limits={"leak": (0, 1), "most": (1, math.inf)},
    positional=("threshold", "most"),
    learnable=("leak",),
)
def Chosen(v: Any, x: Any, *, threshold: Any, leak: Any, kind: Kind, **others: Any) -> Any:  # noqa: N802
    """Charges once or twice, and fires up to `most` times."""
    h = v - leak * v + (x + x if kind is Kind.DOUBLE else x)
    s = spike(h - threshold)
    for count in range(2, others["most"] + 1):
        s = s + spike(h - count * threshold)
    return maximum(h - s * threshold, 0.0) if others["clipped"] else h - s * threshold, s


@pytest.mark.parametrize("backend", ["torch", "cpp"])
def test_choices_have_equations_of_their_own(backend: str) -> None:
    x = torch.randn(9, 2, 30, generator=torch.Generator().manual_seed(1)) + 0.5
    plain = Chosen(backend=backend)
    double = Chosen(kind="double", backend=backend)
    assert plain.equations is Chosen.equations
    assert plain.equations != double.equations
    assert Chosen(kind=Kind.DOUBLE).equations is double.equations
    with torch.no_grad():
        assert torch.equal(double(x), plain(x + x))
        assert Chosen(most=3, backend=backend)(4 * x).max() == 3
        assert bool((Chosen(clipped=True, backend=backend)(x) != Chosen()(x)).any())


def test_choices_are_kept_by_copies_and_as_equations() -> None:
    module = Chosen(kind="double", most=2)
    assert module.choices == {"kind": "double", "most": 2, "clipped": False}
    assert "kind='double', most=2, clipped=False" in repr(module)
    config = module.config()
    config.pop("surrogate")
    assert neuron.Defined(**config).equations == module.equations
    assert copy.deepcopy(module).equations == module.equations
    assert not isinstance(neuron.LIF(), neuron.Defined)
    assert neuron.LIF(reset="soft").config()["reset"] == "soft"


def test_a_class_shows_its_arguments_and_learns_what_it_says() -> None:
    shown = "(threshold=1.0, most=1, *, leak=0.5, kind='plain', clipped=False, "
    assert str(inspect.signature(Chosen)) == f"{shown}learnable=('leak',), **options)"
    assert [name for name, _ in Chosen(2.0).named_parameters()] == ["leak"]
    assert list(Chosen(2.0, learnable=()).parameters()) == []
    assert Chosen(2.0).threshold == 2.0


@pytest.mark.parametrize(
    ("values", "options", "error", "words"),
    [
        ((), {"leak": 1.5}, ValueError, r"Chosen\.leak: 1.5 is not between 0 and 1"),
        ((), {"leak": math.nan}, ValueError, r"Chosen\.leak: nan"),
        ((1.0, 0), {}, ValueError, r"Chosen\.most: 0 is less than 1"),
        ((), {"kind": "triple"}, ValueError, "'triple'"),
        ((1.0, 2, 3), {}, TypeError, "Chosen: takes threshold, most without a name"),
        ((1.0,), {"threshold": 1.0}, TypeError, r"Chosen\.threshold: is given twice"),
    ],
)
def test_bad_choices(
    values: tuple[Any, ...], options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Chosen(*values, **options)


def chooses(v: Any, x: Any, *, kind: Any) -> Any:
    return v + x if kind else x, spike(v)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({}, "see kind"),
        ({"choices": {"kind": 0.5}}, "choice kind is 0.5, not a bool"),
        ({"choices": {"kind": True, "other": 1}}, "see other"),
        ({"choices": {"kind": True}, "params": {"kind": 1.0}}, "kind is used twice"),
        ({"choices": {"kind": True}, "positional": ("tau",)}, "tau is not declared"),
        ({"choices": {"kind": True}, "limits": {"tau": (0, 1)}}, "tau is not declared"),
        ({"choices": {"kind": True}, "learnable": ("kind",)}, "kind is not declared in params"),
    ],
)
def test_no_choices(declared: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words) as caught:
        neuron.define(**{"states": {"v": 0.0}, "params": {}} | declared)(chooses)
    assert "chooses" in str(caught.value)


def test_a_choice_does_not_hide_an_argument_of_all_neurons() -> None:
    def step(v: Any, x: Any, *, backend: Any) -> Any:
        return v + x, spike(v)

    with pytest.raises(TypeError, match="a choice cannot be called backend"):
        neuron.define(states={"v": 0.0}, params={}, choices={"backend": "torch"})(step)


def test_exp_on_a_cpu_is_an_exponential() -> None:
    x = torch.linspace(-86, 87, 10001, requires_grad=True)
    y = exp(x)
    torch.testing.assert_close(y.double(), x.double().exp(), rtol=2e-7, atol=0)
    y.sum().backward()
    assert torch.equal(x.grad, y)
    assert exp(torch.tensor(math.nan)).isnan()
