"""The conversion of a module of another framework: recorded, folded over time, and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.errors import NeurodeployError, UnsupportedLayerError, ValidationError
from neurodeploy.frontend.calls import INPUT
from neurodeploy.frontend.foreign.compare import both, compared, returned
from neurodeploy.frontend.foreign.own import traced
from neurodeploy.frontend.foreign.recording.calls import Recording, tensors_in
from neurodeploy.frontend.foreign.recording.folded import Folded, NotFoldedError, folded
from neurodeploy.frontend.foreign.recording.leaves import Leaf, leaves_of, own_leaves
from neurodeploy.frontend.foreign.recording.parted import NOTE, fixes_batch, parted
from neurodeploy.frontend.foreign.recording.record import record
from neurodeploy.frontend.foreign.report import Agreement, Became, Conversion
from neurodeploy.frontend.foreign.states import forget
from neurodeploy.frontend.foreign.taken import taken
from neurodeploy.frontend.loaded import assembled
from snncore import functional, layer, neuron

# What the user's code and the framework's may raise on an input that they are not made for.
_FAILURES = (
    *(NeurodeployError, RuntimeError, LookupError, ValueError, TypeError),
    *(AssertionError, AttributeError, ArithmeticError),
)
# What the code is given in place of numbers that it makes of values.
_MEASURED = (0.0, 1e9, -1e9)
# How many steps are tried of a module that takes one step a call.
_STEPS = 8


@torch.no_grad()
def converted(
    module: nn.Module, example: Tensor, *, output: int = 0, strict: bool = True
) -> Conversion:
    """Return a module of another framework as a network of ours (T, N, ...), with the report.

    `output` says which of several values that the module returns is the network's. A network that
    does not compute the same is refused, or with `strict=False` returned with a report that says
    where they part.

    Raises:
        UnsupportedLayerError: if it cannot be; names the module, the line and the ways on.
        ValidationError: if the example is not a batch of finite numbers.
    """
    _require_numbers(example)
    module = unwrapped(module)
    _require_singles(module)
    try:
        return _converted(module, example, output, strict)
    except UnsupportedLayerError as error:
        whole = parted(module, example)
        if whole is None:
            raise
        try:
            conversion = _converted(*whole, output, strict)
        except UnsupportedLayerError:
            raise error from None
    return replace(conversion, notes=(*conversion.notes, NOTE))


def _converted(module: nn.Module, example: Tensor, output: int, strict: bool) -> Conversion:
    with _evaluated(module):
        run = _Run(module, output)
        inputs, first = run.folded(example)
        _require_repeatable(module, inputs)
        run.require_unread(inputs, first)
        varied, second = run.again(inputs, first)
        network = assembled(first.calls(), first.layers()).eval()
        agreement = run.agreement(inputs, first)
        if second is not None:
            agreement = both(agreement, run.agreement(varied, second))
    if strict and agreement.parting is not None:
        raise UnsupportedLayerError(
            f"{type(module).__name__}: as a network of ours it {agreement.sentence()}",
            remedy="convert with strict=False to look at the difference, and report it to us",
        )
    # Every layer sees the shape of its input.
    sequence = run.sequence(inputs, first).float()
    network(sequence[:1])
    functional.reset(network)
    became = tuple(_became(network, first))
    notes = tuple(_notes(first, second))
    outputs = run.returned(first)
    return Conversion(network, became, first.left_out, notes, agreement, sequence, outputs)


class _Run:
    """A foreign module with its recorded runs, and the order in which its input is read."""

    def __init__(self, module: nn.Module, output: int) -> None:
        self.module, self.output = module, output
        self.leaves, self.own = leaves_of(module), dict[str, Leaf]()
        self.recordings: dict[int, Recording] = {}

    def folded(self, example: Tensor) -> tuple[list[Tensor], Folded]:
        """Return the calls' inputs and the folded network.

        Modules of the user's own are first looked into, and then taken as neurons.
        """
        try:
            return self._folded(example)
        except UnsupportedLayerError as error:
            self.own = own_leaves(self.module, self.leaves)
            try:
                return self._folded(example)
            except UnsupportedLayerError as second:
                # Without modules that are called step by step, the first reason tells more.
                raise (second if self.own else error) from None

    def _folded(self, example: Tensor) -> tuple[list[Tensor], Folded]:
        """Return the calls' inputs and the folded network: one call, or one a step."""
        try:
            return self._in_one_call(example)
        except _FAILURES as error:
            if len(example.shape) < 3:
                raise _explained(self.module, example, error) from error
            try:
                steps = list(example)
                return steps, self._record(steps, [None])
            except _FAILURES:
                raise _explained(self.module, example, error) from error

    def again(self, inputs: Sequence[Tensor], first: Folded) -> tuple[list[Tensor], Folded | None]:
        """Return other inputs and the module folded for them, or None if it takes no others.

        Raises:
            UnsupportedLayerError: if it calls other layers then.
        """
        batch = 1 if first.time == 0 and first.calls_made == 1 else 0
        for more in (0,) if fixes_batch(self.module) else (1, 0):
            varied = [_varied(each, seed, batch, more) for seed, each in enumerate(inputs)]
            try:
                second = self._record(varied, [first.time])
            except NotFoldedError as error:
                raise _differs(self.module, str(error)) from error
            except _FAILURES:
                continue
            if second.form != first.form:
                raise _differs(self.module, "")
            return varied, second
        return [], None

    def require_unread(self, inputs: list[Tensor], first: Folded) -> None:
        """Check that what it computes does not depend on numbers that its code makes of values.

        Raises:
            UnsupportedLayerError: if it does.
        """
        if not self.recordings[id(first)].measured:
            return
        for measured in _MEASURED:
            try:
                other = self._record(inputs, [first.time], measured)
            except _FAILURES as error:
                raise _depends(self.module) from error
            pairs = [(self.returned(first), self.returned(other))]
            for node, same in zip(first.nodes, other.nodes, strict=False):
                pairs += [(each, same.expected.get(at)) for at, each in node.expected.items()]
            if other.form != first.form or not all(_same(*pair) for pair in pairs):
                raise _depends(self.module)

    def sequence(self, inputs: Sequence[Tensor], network: Folded) -> Tensor:
        """Return the inputs as (T, N, ...)."""
        if network.calls_made > 1:
            return torch.stack(list(inputs))
        if network.time is None:
            return inputs[0].unsqueeze(0).expand(network.steps, *inputs[0].shape)
        return inputs[0].movedim(network.time, 0)

    def agreement(self, inputs: Sequence[Tensor], network: Folded) -> Agreement:
        """Return whether ours computes the same as in the recorded run."""
        return compared(network, self.sequence(inputs, network).float(), self.returned(network))

    def returned(self, network: Folded) -> Tensor | None:
        """Return what the module returned in the recorded run, as ours does."""
        return returned(network, self.recordings[id(network)])

    def _in_one_call(self, example: Tensor) -> tuple[list[Tensor], Folded]:
        times: list[int | None] = [0, 1, None]
        if example.ndim > 2:
            times.insert(2, example.ndim - 1)
        single = self._record([example], [time for time in times if time != example.ndim])
        if single.time is None and single.steps == 1:
            # The loop over time is outside: steps are tried one after another.
            if example.ndim == 3 and _is_dense(single):
                steps = list(example)
            else:
                steps = [_varied(example, seed) for seed in range(_STEPS)]
            return steps, self._record(steps, [None])
        return [example], single

    def _record(
        self, inputs: list[Tensor], times: Sequence[int | None], measured: float | None = None
    ) -> Folded:
        forget(self.module)
        leaves = self.leaves | self.own
        modules = {path: leaf.module for path, leaf in leaves.items()}
        recording = record(self.module, inputs, modules, measured)
        forget(self.module)
        counts = Counter(call.name for call in recording.calls if call.is_module)
        if once := [path for path in self.own if counts[path] < 2]:
            # What is called once holds no states between steps, so it is looked into.
            self.own = {path: leaf for path, leaf in self.own.items() if path not in once}
            return self._record(inputs, times, measured)
        for path, leaf in self.own.items():
            leaf.taken = leaf.taken or traced(leaf.module, path, recording)
        refusals = []
        for time in times:
            try:
                network = folded(recording, leaves, time, self.output)
            except NotFoldedError as error:
                refusals.append(error)
                continue
            self.recordings[id(network)] = recording
            return network
        raise max(refusals, key=lambda refusal: refusal.at)


def unwrapped(module: nn.Module) -> nn.Module:
    """Return the module within what torch.compile and parallel training put around it."""
    for name in ("_orig_mod", "module"):
        wrapped = type(module).__module__.startswith("torch.")
        inner = getattr(module, name, None) if wrapped else None
        if isinstance(inner, nn.Module):
            return unwrapped(inner)
    return module


@contextmanager
def _evaluated(module: nn.Module) -> Iterator[None]:
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def _require_numbers(example: Any) -> None:
    if not isinstance(example, Tensor):
        raise ValidationError(
            f"the example is a {type(example).__name__}",
            remedy="give a batch of inputs as a tensor, as you call the module with: example=x",
        )
    if example.ndim < 2 or not example.numel():
        raise ValidationError(
            f"the example is {tuple(example.shape)}",
            remedy="give a batch of inputs as a tensor, as you call the module with",
        )
    if not bool(torch.isfinite(example).all()):
        raise ValidationError(
            "the example has a value that is NaN or infinite",
            remedy="give finite numbers, as the module was trained on",
        )


def _require_singles(module: nn.Module) -> None:
    """Check that a module computes in float32.

    Raises:
        UnsupportedLayerError: if it was moved to floats of 16 bits; names the first tensor.
    """
    for path, tensor in module.state_dict(keep_vars=True).items():
        if isinstance(tensor, Tensor) and tensor.dtype in (torch.float16, torch.bfloat16):
            raise UnsupportedLayerError(
                f"{type(module).__name__}: computes in {str(tensor.dtype).removeprefix('torch.')} "
                f"({path}), and networks of ours in float32",
                remedy="call .float() on it, and give an example in float32",
            )


def _require_repeatable(module: nn.Module, inputs: Sequence[Tensor]) -> None:
    """Check that two runs on the same input return the same."""
    runs: list[list[Tensor]] = []
    for _ in range(2):
        forget(module)
        runs.append([tensor for x in inputs for tensor in tensors_in(module(x))])
    forget(module)
    if not all(torch.equal(*pair) for pair in zip(*runs, strict=True)):
        raise UnsupportedLayerError(
            f"{type(module).__name__}: two runs on the same input differ, so that it draws random "
            "numbers",
            remedy="leave the noise out of the forward, or encode before the network is called",
        )


def _same(first: Tensor | None, second: Tensor | None) -> bool:
    if first is None or second is None:
        return first is second
    return torch.equal(first, second)


def _depends(module: nn.Module) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"{type(module).__name__}: its code makes a number of a value (.item() or float()), on "
        "which what it computes then depends",
        remedy="leave it out: every input has to take the same way",
    )


def _varied(example: Tensor, seed: int, batch: int = 0, more: int = 0) -> Tensor:
    """Return the same numbers in another order, with some samples more."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(example.numel(), generator=generator)
    shuffled = example.flatten()[order].reshape(example.shape)
    return torch.cat([shuffled, example.narrow(batch, 0, more)], batch)


def _is_dense(network: Folded) -> bool:
    """Return whether a first layer takes samples of one axis."""
    layers = network.layers()
    first = [layers[node.name] for node in network.nodes if INPUT in node.inputs]
    return any(isinstance(each, layer.Linear) for each in first)


def _explained(module: nn.Module, example: Tensor, error: Exception) -> NeurodeployError:
    if isinstance(error, NeurodeployError):
        return error
    words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    shape, name = tuple(example.shape), type(module).__name__
    refused = _refused_part(module)
    if refused is not None:
        return UnsupportedLayerError(
            f"{refused.message}, and {name} does not run on an example {shape}: {words}",
            remedy=refused.remedy,
        )
    return ValidationError(
        f"{name}: does not run on an example {shape}: {words}",
        remedy="give the example that you call it with",
    )


def _refused_part(module: nn.Module) -> UnsupportedLayerError | None:
    """Return the refusal of a part that cannot be ours, which may be why nothing runs."""
    for path, part in module.named_modules():
        try:
            taken(part)
        except UnsupportedLayerError as error:
            return UnsupportedLayerError(f"{path}: {error.message}", remedy=error.remedy)
    return None


def _differs(module: nn.Module, words: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"{type(module).__name__}: another input takes another way through the code"
        + (f": {words}" if words else ""),
        remedy="every input has to take the same way: leave out branches on values",
    )


def _notes(first: Folded, second: Folded | None) -> Iterator[str]:
    yield f"the network takes (T, N, ...) as nd.export does: {_reading(first)}"
    if first.outputs > 1:
        yield f"the module returns {first.outputs} values; output=N chooses which one is kept"
    axes = first.output.axes
    if axes[:2] != ("T", "N") and "T" in axes:
        yield f"the module returns {' x '.join(axes)}, the network (T, N, ...)"
    if second is None:
        yield "another batch was not tried: the module does not run on one"


def _reading(network: Folded) -> str:
    if network.time is None and network.calls_made == 1:
        return "the module reads the same input in every step, so repeat it: encoding.direct(x, T)"
    if network.calls_made > 1:
        return "the module takes one step a call"
    return "as the module does" if network.time == 0 else f"its axis {network.time} is time"


def _became(network: nn.Module, run: Folded) -> Iterator[Became]:
    modules = dict(network.named_modules())
    for node in run.nodes:
        if node.function == "module":
            ours = modules.get(node.name, network)
            name = ours.equations.name if isinstance(ours, neuron.Defined) else type(ours).__name__
            kind = f"{type(ours).__module__.split('.')[0]}.{name}"
            yield Became(node.source or "(function)", node.source_kind, node.name, kind, node.note)
