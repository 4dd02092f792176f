"""Element-wise kernels and time loops from a few lines, on the CPU against torch."""

import sys

import pytest
import torch

from snncore import neuron, surrogate
from snncore.kernels import inline
from snncore.kernels.launch.build import missing

# On Linux the development tools bring NVRTC, so that its absence is a failure there.
UNCOMPILED = missing() is not None and sys.platform != "linux"

KINDS = (torch.float32, torch.float16, torch.bfloat16)
SPACING = {torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 2e-2}
SWISH = inline.elementwise(
    "y = x / (1.0f + expf(-beta * x));",
    parameters=("beta",),
    name="swish",
    backward="""
        const float s = 1.0f / (1.0f + expf(-beta * x));
        grad_x = grad_y * (s + beta * x * s * (1.0f - s));
    """,
)
BOTH = inline.elementwise(
    "sum = a + b; product = a * b;",
    inputs=("a", "b"),
    outputs=("sum", "product"),
    name="both",
    backward="grad_a = grad_sum + grad_product * b; grad_b = grad_sum + grad_product * a;",
)
LIF = inline.time_loop(
    """
    v += (x - v) * leak;
    s = v >= 1.0f ? 1.0f : 0.0f;
    if (s > 0.0f) v = 0.0f;
    """,
    states=("v",),
    parameters=("leak",),
    name="lif",
    backward="""
    const float h = v + (x - v) * leak;
    const float far = (h - 1.0f) * 3.14159265f;
    const float slope = 1.0f / (1.0f + far * far);
    const float grad_h = (grad_s - grad_v * h) * slope + (h >= 1.0f ? 0.0f : grad_v);
    grad_x = grad_h * leak;
    grad_leak += grad_h * (x - v);
    grad_v = grad_h * (1.0f - leak);
    """,
)


@pytest.mark.parametrize("kind", KINDS)
def test_element_by_element(kind: torch.dtype) -> None:
    x = torch.randn(3, 77).to(kind).requires_grad_()
    upstream = torch.randn(3, 77).to(kind)
    right = x.detach().float().requires_grad_()
    expected = right * torch.sigmoid(1.5 * right)
    (gradient,) = torch.autograd.grad(expected, right, upstream.float())
    y = SWISH(x, beta=1.5)
    (computed,) = torch.autograd.grad(y, x, upstream)
    assert y.dtype == computed.dtype == kind
    torch.testing.assert_close(y.float(), expected, rtol=SPACING[kind], atol=SPACING[kind])
    torch.testing.assert_close(computed.float(), gradient, rtol=SPACING[kind], atol=SPACING[kind])


def test_many_elements_are_read_together() -> None:
    x = torch.randn(8 * 256 * 3).half()
    assert SWISH.source("float16", 8).count("LANES = 8") == 1
    program = SWISH._program("float16", 8)
    (kernel,) = program.kernels
    assert kernel.name == "swish"
    expected = SWISH(x, beta=1.0)
    inline.elementwise.__globals__["MANY"], before = 1, inline.elementwise.__globals__["MANY"]
    try:
        assert torch.equal(SWISH(x, beta=1.0), expected)
    finally:
        inline.elementwise.__globals__["MANY"] = before
    assert ("float16", 8) in SWISH._programs


def test_several_inputs_and_outputs() -> None:
    a, b = (torch.randn(5, 6, requires_grad=True) for _ in range(2))
    total, product = BOTH(a, b.t().reshape(5, 6))
    assert torch.equal(total, a + b.t().reshape(5, 6))
    assert torch.equal(product, a * b.t().reshape(5, 6))
    first, second = torch.autograd.grad(sum(BOTH(a, b)).sum(), (a, b))
    torch.testing.assert_close(first, 1 + b)
    torch.testing.assert_close(second, 1 + a)
    assert SWISH(torch.empty(0, 3), beta=1.0).shape == (0, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_loop_is_the_neuron_it_describes(kind: torch.dtype) -> None:
    x = (1.5 * torch.randn(37, 2, 3, 5) + 0.3).to(kind)
    upstream, later = torch.randn_like(x), torch.randn(2, 3, 5)
    expected, gradients = [], []
    for leak in (torch.tensor(0.5), torch.full((3, 1), 0.5)):
        first = (0.2 * x[0].float()).requires_grad_()
        sequence, learned = x.clone().requires_grad_(), leak.clone().requires_grad_()
        s, last = LIF(sequence, leak=learned, v=first)
        results = torch.autograd.grad((s, last), (sequence, learned, first), (upstream, later))
        expected.append((s.detach(), last.detach()))
        gradients.append(results)
    module = neuron.LIF(2.0, surrogate=surrogate.ATan(), backend="torch")
    right = x.float().clone().requires_grad_()
    begin = (0.2 * x[0].float()).requires_grad_()
    module.states = {"v": begin}
    spikes = module(right)
    reference = torch.autograd.grad(
        (spikes, module.states["v"]), (right, begin), (upstream.float(), later)
    )
    assert bool(spikes.any())
    for (s, last), (by_x, _, first) in zip(expected, gradients, strict=True):
        assert torch.equal(s.float(), spikes.detach())
        assert torch.equal(last, module.states["v"].detach())
        assert s.dtype == by_x.dtype == kind
        close = {"rtol": SPACING[kind] * 10, "atol": SPACING[kind] * 10}
        torch.testing.assert_close(by_x.float(), reference[0], **close)
        torch.testing.assert_close(first, reference[1], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradients[0][1], gradients[1][1].sum(), rtol=1e-4, atol=1e-4)


def test_states_begin_where_they_are_told() -> None:
    count = inline.time_loop("n += 1.0f; m -= x; s = n;", states={"n": 5.0, "m": 0.0}, name="count")
    x = torch.ones(4, 3)
    s, n, m = count(x)
    assert s[:, 0].tolist() == [6.0, 7.0, 8.0, 9.0]
    assert n.tolist() == [9.0] * 3
    assert m.tolist() == [-4.0] * 3
    s.requires_grad_(False)
    with pytest.raises(RuntimeError, match="count: there is no gradient"):
        count(x.requires_grad_())[0].sum().backward()


@pytest.mark.skipif(UNCOMPILED, reason=f"not run: {missing()}")
def test_they_compile_for_a_gpu_that_is_not_here() -> None:
    assert SWISH.compile_for("sm_90", "bfloat16").count("registers") == 2
    assert LIF.compile_for("sm_80").count("registers") == 2


@pytest.mark.skipif(UNCOMPILED, reason=f"not run: {missing()}")
def test_errors_count_the_lines_of_the_body() -> None:
    wrong = inline.elementwise("const float a = x;\ny = a + nothing;", name="wrong")
    with pytest.raises(inline.CompilerError, match=r'wrong\(2\): error: .*"nothing" is undefined'):
        wrong.compile_for()
    with pytest.raises(inline.CompilerError, match=r"wrong:2:.*nothing"):
        wrong(torch.ones(3))


def test_mistakes_are_named() -> None:
    make, loop = inline.elementwise, inline.time_loop
    for error, call in {
        "elementwise: the body does not assign the output z": lambda: make("y = x;", outputs="z"),
        "the name x is used twice": lambda: make("x = x;", outputs=("x",)),
        "'float' cannot be a name here": lambda: make("y = float;", inputs=("float",)),
        "the body has an @": lambda: make("y = @x;").source(),
        "there is at least one state": lambda: loop("s = x;", states=()),
        "the body does not assign the output s": lambda: loop("v = x;", states=("v",)),
        "v is a tensor of \\(3,\\), not \\(4,\\)": lambda: LIF(
            torch.ones(2, 3), leak=0.5, v=torch.ones(4)
        ),
        "x is \\(T, ...\\) with T at least 1": lambda: LIF(torch.ones(0, 3), leak=0.5),
        "b differs from the first input": lambda: BOTH(torch.ones(3), torch.ones(4)),
    }.items():
        with pytest.raises(ValueError, match=error):
            call()
    for error, call in {
        "lif: the parameter leak is missing": lambda: LIF(torch.ones(2, 3)),
        "there is no state or parameter tau": lambda: LIF(torch.ones(2, 3), tau=2.0),
        "x is torch.int64, not float32": lambda: LIF(torch.ones(2, 3, dtype=int), leak=0.5),
        "swish: see the parameter beta": lambda: SWISH(torch.ones(3)),
        "swish takes x": lambda: SWISH(torch.ones(3), torch.ones(3), beta=1.0),
    }.items():
        with pytest.raises(TypeError, match=error):
            call()
