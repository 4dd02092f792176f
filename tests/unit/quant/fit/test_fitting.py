"""Units and limits that are learned, penalties that make a network fit, and the schedule."""

from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import neurodeploy as nd
import quant
from quant.grid.exact import carried
from quant.grid.fan_in import one_sided, within_fan_in
from quant.grid.scale import fitting_log2, powers
from quant.grid.straight_through import decay_integers, on_grid
from snncore import functional, layer, neuron
from tests.unit.examples import few

LYNXI = quant.chip_format("lynxi")


@given(st.integers(-64, 64))
def test_powers_are_exact(exponent: int) -> None:
    power = powers(torch.tensor([float(exponent)]))
    assert Fraction(float(power)) == Fraction(2) ** exponent


@pytest.mark.parametrize("scale", [0.3, 0.0, -2.0, float("nan"), float("inf")])
def test_a_scale_that_is_no_power_of_two_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="is not a power of two, and sums need one"):
        quant.Linear(2, 2, scale=scale)


def test_a_scale_is_an_exponent() -> None:
    assert quant.Linear(2, 2, scale=0.125).exponent == -3
    assert [quant.unit_exponent(2.0**e) for e in (-9, 0, 5)] == [-9, 0, 5]


def nearest_decay(value: float, bits: int, shifts: bool) -> set[int]:
    """Return every decay of a grid that is as near as any."""
    points = [0, *(1 << k for k in range(bits + 1))] if shifts else range((1 << bits) + 1)
    exact = Fraction(min(max(value, 0.0), 1.0)) * (1 << bits)
    least = min(abs(point - exact) for point in points)
    return {point for point in points if abs(point - exact) == least}


@settings(max_examples=few(200))
@given(st.floats(-0.5, 1.5), st.integers(0, 15), st.booleans())
def test_a_decay_goes_to_the_nearest(value: float, bits: int, shifts: bool) -> None:
    integer = decay_integers(torch.tensor(value, dtype=torch.float64), quant.Decays(bits, shifts))
    assert int(integer) in nearest_decay(value, bits, shifts)


def test_a_learned_unit_moves_to_where_the_loss_is_less() -> None:
    torch.manual_seed(0)
    block = quant.Block(
        quant.Linear(64, 8, exponent=2, format="int4", scale="learned"),
        quant.LIF(exponent=2, threshold=4.0, format="int4"),
    )
    assert isinstance(block.synapse.log2, nn.Parameter)
    optimizer = torch.optim.SGD([block.synapse.log2], 3.0)
    wanted = block.synapse.weight.detach()
    losses = []
    for _ in range(60):
        loss = (block.synapse.quantized() - wanted).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    # From weights that all round to zero to ones that are nearly kept.
    assert losses[0] == pytest.approx(float(wanted.square().sum()))
    assert min(losses) < 0.1 * losses[0]
    assert block.synapse.exponent <= -4


@pytest.mark.parametrize("per_channel", [False, True])
def test_the_gradient_of_a_unit_is_the_straight_through_one(per_channel: bool) -> None:
    grid, log2 = quant.Grid(-7, 7), torch.full((3,) if per_channel else (), -2.0)
    log2.requires_grad_()
    values = torch.tensor([[0.3, -9.0], [0.125, 9.0], [0.26, 0.1]], dtype=torch.float64)
    unit = powers(log2.detach())
    shaped = unit.reshape(-1, 1) if per_channel else unit
    on_grid(values, grid, shaped, "x", log2).sum().backward()
    counted = values / 0.25
    inside = torch.round(counted) - counted
    slope = torch.where(counted.abs() <= 7, inside, counted.sign() * 7) * 0.25
    expected = slope * torch.log(torch.tensor(2.0)) / (6 * 7) ** 0.5
    rows = expected.sum(1) if per_channel else expected.sum()
    assert log2.grad is not None
    torch.testing.assert_close(log2.grad, rows.float())


@pytest.mark.parametrize("start", [0.0, 1.0, 0.97])
@pytest.mark.parametrize("direction", [-1.0, 1.0])
@pytest.mark.parametrize("form", ["int8", "lynxi", "shift16"])
def test_a_learned_decay_at_its_limit_stays_a_decay(
    form: str, direction: float, start: float
) -> None:
    lif = quant.LIF(start, 0.5, learnable=("decay",), reset="soft", format=form)
    optimizer = torch.optim.SGD([lif.decay], 0.5)
    for _ in range(6):
        functional.reset(lif)
        lif(torch.ones(4, 1, 2) * 0.25)
        optimizer.zero_grad()
        (direction * lif.v.sum()).backward()
        assert bool(torch.isfinite(lif.decay.grad).all())
        optimizer.step()
        integer = int(lif.integers()["decay"])
        assert 0 <= integer <= 1 << lif.format.decays.bits
    # At most one step beyond the end, from where any other gradient leads back.
    assert -1.5 < float(lif.decay.detach()) < 2.5
    nd.lower(lif, example=torch.zeros(1, 1, 2))


def test_a_learned_threshold_learns() -> None:
    lif = quant.LIF(0.5, 1.0, learnable=("threshold",))
    optimizer = torch.optim.Adam([lif.threshold], 0.05)
    for _ in range(40):
        functional.reset(lif)
        rate = lif(torch.full((10, 1, 4), 0.75)).mean()
        optimizer.zero_grad()
        (rate - 0.9).square().backward()
        optimizer.step()
    assert float(lif.threshold.detach()) < 0.85
    assert float(rate.detach()) > 0.6


@pytest.mark.parametrize("step", [1, 2])
def test_no_sum_leaves_what_a_format_allows(step: int) -> None:
    form = quant.ChipFormat(
        **{name: getattr(LYNXI, name) for name in LYNXI.__dataclass_fields__}
        | {"fan_in": 100, "weights": quant.Grid(-126, 126, step)}
    )
    generator = torch.Generator().manual_seed(0)
    weight = torch.randint(-63, 64, (50, 40), generator=generator) * 2
    weight[0] = 0
    weight[1, 3:] = 0
    limited = within_fan_in(weight.double(), 1.0, form)
    assert bool((one_sided(limited) <= 100).all())
    assert bool((limited % step == 0).all())
    assert bool((limited.sign() * weight.sign() >= 0).all())
    small = one_sided(weight) <= 100
    assert torch.equal(limited[small], weight[small].double())
    # What was cut down is used as far as whole numbers allow.
    assert float(one_sided(limited)[~small].min()) > 50


def loud() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(
        quant.Block(quant.Linear(200, 6, format="lynxi"), quant.IF(format="lynxi")),
        quant.Linear(6, 2, format="lynxi"),
        quant.IF(format="lynxi"),
    )
    with torch.no_grad():
        network[0].synapse.weight.normal_(0.4, 0.4)
    return network


def fallen(network: nn.Module, penalty: Callable[[], Tensor], steps: int = 60) -> float:
    """Return the penalty after training on it alone."""
    optimizer = torch.optim.Adam(network.parameters(), 2e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        penalty().backward()
        optimizer.step()
    return float(penalty().detach())


def test_a_penalty_of_zero_is_a_proof_of_no_overflow() -> None:
    network = loud()
    assert quant.fan_in_penalty(network) > 0.5
    # Even before, the forward keeps to the format's limit.
    assert max(quant.largest_sums(network).values()) <= LYNXI.fan_in
    assert fallen(network, lambda: quant.fan_in_penalty(network, 300), 120) == 0
    sums = quant.largest_sums(network)
    assert set(sums) == {"0", "1"}
    assert 200 < sums["0"] <= 330


def test_weights_are_driven_to_zero() -> None:
    network = loud()
    before = quant.zeros(network)["0"]
    fallen(network, lambda: quant.weight_penalty(network), 10)
    assert quant.zeros(network)["0"] > before + 0.02


def test_rates_are_seen_and_driven() -> None:
    network = loud()
    with torch.no_grad():
        network[0].synapse.weight.zero_()
        network[0].synapse.weight[:, :2] = 0.5
    x = torch.zeros(5, 3, 200)
    x[..., :2] = 1.0
    with quant.spike_rates(network) as rates:
        network(x)
        assert set(rates.layers) == {"0.neuron", "2"}
        assert float(rates.layers["0.neuron"].detach()) == 1.0
        assert float(rates.penalty(below=0.1).detach()) <= 0.11
        penalty = rates.penalty(above=0.2)
        assert float(penalty.detach()) > 0.7
        penalty.backward()
    gradient = network[0].synapse.weight.grad
    assert gradient is not None
    assert bool((gradient[:, :2] > 0).all())
    functional.reset(network)
    network(x)
    # Outside nothing is kept.
    assert len(rates.layers) == 2
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("scale", ["fixed", "learned"])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("percentile", [None, 99.0])
def test_units_are_fitted_again_when_norms_have_settled(
    percentile: float | None, per_channel: bool, scale: str
) -> None:
    torch.manual_seed(0)
    options = {"format": "int4", "scale": scale, "per_channel": per_channel}
    block = quant.Block(
        quant.Conv2d(2, 4, 3, **options),
        quant.LIF(0.5, 1.0, format="int4"),
        norm=layer.BatchNorm2d(4),
    )
    network = nn.Sequential(block)
    schedule = quant.Schedule(network, settle=5, freeze=8)
    spans = []
    for batch in range(8):
        assert block.norm.frozen is False
        network((torch.rand(3, 4, 2, 6, 6) < 0.5).float() * 0.01)
        functional.reset(network)
        schedule.step()
        spans.append(block.synapse.exponent)
        assert (batch < 4) == (block.synapse.exponent == -2)
    assert block.norm.frozen
    quant.fit_units(network, percentile=percentile)
    weight, _ = block.folded()
    integers = block.integer_weight()
    assert int(integers.abs().max()) >= 3
    unit = (
        block.unit
        if not isinstance(block.unit, Tensor)
        else block.unit.reshape(-1, *[1] * 3 * per_channel)
    )
    error = (integers * unit - weight).norm() / weight.norm()
    assert float(error.detach()) < 0.3
    assert nd.lower(network, example=torch.zeros(1, 1, 2, 6, 6)) == nd.lower(
        quant.freeze(network), example=torch.zeros(1, 1, 2, 6, 6)
    )


def test_a_percentile_keeps_so_many_weights() -> None:
    weight = torch.linspace(0, 1, 100).reshape(1, 100)
    whole = fitting_log2(weight, quant.Grid(-7, 7), per_channel=False, percentile=100)
    assert float(whole) == pytest.approx(float(torch.log2(torch.tensor(1 / 7))))
    part = fitting_log2(weight, quant.Grid(-7, 7), per_channel=True, percentile=50)
    assert part.shape == (1,)
    assert float(part) < float(whole) - 0.9
    with pytest.raises(ValueError, match="percentile: 0 is not"):
        fitting_log2(weight, quant.Grid(-7, 7), per_channel=False, percentile=0)


def test_a_schedule_settles_before_it_freezes() -> None:
    with pytest.raises(ValueError, match="settles after 3 batches and freezes after 2"):
        quant.Schedule(nn.Identity(), settle=3, freeze=2)


def test_what_is_learned_beside_weights_is_found() -> None:
    block = quant.Block(
        quant.Linear(2, 2, format="int8", scale="learned"),
        quant.LIF(learnable=("decay", "threshold")),
    )
    assert len(quant.learned_parameters(block)) == 3


def test_the_container_of_the_peers() -> None:
    conv = nn.Conv2d(2, 3, (3, 2), stride=2, padding=(1, 0), bias=False)
    container = quant.BlockContainer(conv, neuron.CubaLIF(0.5, current_decay=0.25))
    assert torch.equal(container.synapse.weight, conv.weight)
    assert (container.synapse.exponent, container.neuron.exponent) == (-6, -6)
    x = (torch.rand(4, 2, 2, 7, 7) < 0.5).float()
    assert container(x).shape == (4, 2, 3, 4, 3)
    network = nn.Sequential(
        container,
        layer.Flatten(),
        quant.BlockContainer(nn.Linear(36, 4), neuron.LIF(), exponent=-7),
    )
    program = nd.lower(network, example=x, target="loihi")
    assert [node.exponent for node in program.synapses] == [-6, -7]
    with pytest.raises(ValueError, match="BlockContainer: ReLU is not a Linear"):
        quant.BlockContainer(nn.ReLU(), neuron.LIF())
    with pytest.raises(ValueError, match="EIF has no near neuron"):
        quant.BlockContainer(nn.Linear(2, 2), neuron.EIF())


@pytest.mark.parametrize(
    ("bound", "factor", "kind"),
    [(1 << 23, 256, torch.float32), (1 << 24, 1, torch.float64), (9, 257, torch.float64)],
)
def test_what_carries_sums(bound: int, factor: int, kind: torch.dtype) -> None:
    assert carried(bound, factor) == kind


def test_an_accumulator_that_may_overflow_is_refused() -> None:
    synapse = quant.Conv2d(1, 1, 1, format="loihi")
    with torch.no_grad():
        synapse.weight.fill_(3.9)
    with pytest.raises(ValueError, match=r"Conv2d: a sum may reach \d+, beyond the 24 bits"):
        synapse(torch.full((1, 1, 1, 2, 2), 65536.0))


def test_a_format_is_data() -> None:
    for name in ("loihi", "lynxi", "shift16", "int2", "int16"):
        form = quant.chip_format(name)
        assert quant.ChipFormat.from_json(form.to_json()) == form
    for bad in ({}, {"name": "x"}, form.to_json() | {"weights": {"minimum": 3}}):
        with pytest.raises(ValueError, match=r"not a chip's format|no grid"):
            quant.ChipFormat.from_json(bad)
    for wrong in ("int1", "int17", "int"):
        with pytest.raises(ValueError, match=r"2 to 16 bits|no format"):
            quant.chip_format(wrong)


def test_a_chip_of_ones_own_is_a_description(tmp_path: object) -> None:
    own = quant.ChipFormat.from_json(
        quant.chip_format("int5").to_json() | {"name": "mine", "fan_in": 60, "dense_bits": 12}
    )
    network = nn.Sequential(
        quant.Block(quant.Linear(9, 4, format=own), quant.LIF(format=own, exponent=own.exponent))
    )
    with torch.no_grad():
        network[0].synapse.weight.normal_(0.5, 1)
    example = torch.ones(3, 1, 9)
    program = nd.lower(network, example=example)
    assert program.synapses[0].accumulator_bits == 12
    nd.save(network, f"{tmp_path}/model.pt", example=example)
    assert nd.lower(nd.load(f"{tmp_path}/model.pt")) == program


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "a scale of no known kind": (
        lambda: quant.Linear(2, 2, scale="auto"),
        "scale: 'auto' is not a power of two, 'fixed' or 'learned'",
    ),
    "a neuron that the chip has not": (
        lambda: quant.LIF(format="loihi"),
        r"LIF: loihi has no such neuron; it has quant\.CubaLIF",
    ),
    "a reset that the chip has not": (
        lambda: quant.IF(reset="hard", format="shift16"),
        r"IF\.reset: shift16 has no hard reset; it has soft",
    ),
    "a rest of a soft reset": (
        lambda: quant.IF(reset="soft", rest=0.5),
        r"IF\.rest: only a hard reset",
    ),
    "a channel's unit where there is none": (
        lambda: quant.Linear(2, 2, format="shift16", per_channel=True),
        "Linear: shift16 has one unit per layer",
    ),
    "a learned unit outside a block": (
        lambda: quant.Linear(2, 2, scale="learned")(torch.ones(1, 1, 2)),
        r"Linear: its neurons must count in its unit.*quant\.Block",
    ),
    "a norm of a pool": (
        lambda: quant.Block(quant.SumPool2d(2), quant.CubaLIF(), norm=layer.BatchNorm2d(2)),
        "Block: a pool has no weights",
    ),
    "a learned threshold that is not a number": (
        lambda: quant.LIF(threshold=float("nan"), learnable=("threshold",)),
        r"LIF\.threshold: the value is NaN",
    ),
    "a threshold of zero": (lambda: quant.IF(0.0), r"IF\.threshold: 0 is 0 units"),
    "several units for one": (
        lambda: quant.Linear(2, 2).set_exponents(torch.zeros(2)),
        "Linear: one unit for the layer",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str) -> None:
    make, words = WRONG[name]
    with pytest.raises(ValueError, match=words):
        make()
