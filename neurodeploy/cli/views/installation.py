"""Facts about this installation: versions, conflicts, the GPU, and the available Pythons."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from importlib.util import find_spec
from pathlib import Path

from neurodeploy.cli.undisturbed import load_torch
from neurodeploy.distribution import DISTRIBUTION

# Our top-level names; two of them are words that others use as well.
_PACKAGES = ("neurodeploy", "quant", "snncore", "targets")
_REQUIREMENT = re.compile(r"([\w.-]+)\s*(?:\[[^]]*\])?\s*>=\s*([\d.]+)")


def versions() -> dict[str, str | None]:
    """Return the versions of this toolchain, of Python and of the required packages, or None."""
    names = [name for name, _ in _required()]
    installed = {name: _version(name) for name in (DISTRIBUTION, *names)}
    return {"python": platform.python_version()} | installed


def clashes() -> list[str]:
    """Return one sentence per package that is too old or takes another one's place."""
    return [*_too_old(), *_claimed_twice(), *_from_elsewhere()]


def gpu() -> str:
    """Return the GPU that torch sees, in words."""
    load_torch()
    import torch

    if not torch.cuda.is_available():
        return "none that torch can use"
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return f"{', '.join(names)} (CUDA {torch.version.cuda})"


def compiler() -> str:
    """Return the C++ compiler for CPU kernels, in words."""
    load_torch()
    from snncore.kernels.cpp.build import compiler as find

    return " ".join(find() or ()) or (
        "none: neurons run in torch, slower (install g++ or clang++, or "
        "python -m pip install ziglang, or set CXX)"
    )


def python_for(versions: Sequence[str]) -> tuple[str | None, str]:
    """Return the path of a Python of one of these versions, or None and a remedy."""
    from neurodeploy.errors import SimulatorMissingError
    from neurodeploy.sandbox import find_first

    try:
        return str(find_first(versions)), ""
    except SimulatorMissingError as error:
        return None, str(error)


def _required() -> list[tuple[str, str]]:
    """Return the requirements of this package and its users' extras, with the lowest version."""
    lines = [line for line in requires(DISTRIBUTION) or () if "extra == 'dev'" not in line]
    matches = [_REQUIREMENT.match(line) for line in lines]
    return sorted({(match[1], match[2]) for match in matches if match})


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _too_old() -> Iterator[str]:
    for name, lowest in _required():
        version = _version(name)
        if version is not None and _numbers(version) < _numbers(lowest):
            remedy = f"python -m pip install --upgrade {name}"
            yield f"{name} {version} is older than {lowest} ({remedy})"


def _claimed_twice() -> Iterator[str]:
    owners = packages_distributions()
    for package in _PACKAGES:
        others = sorted(set(owners.get(package, ())) - {DISTRIBUTION})
        if others:
            named, all_of_them = " and ".join(others), " ".join(others)
            yield f"{package} is also a package of {named} (python -m pip uninstall {all_of_them})"


def _from_elsewhere() -> Iterator[str]:
    home = Path(__file__).parents[3]
    for package in _PACKAGES:
        spec = find_spec(package)
        origin = None if spec is None or spec.origin is None else Path(spec.origin)
        if origin is None or not origin.resolve().is_relative_to(home.resolve()):
            yield f"{package} is imported from {origin}, not from {home} (rename or move it)"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text.split("+")[0])[:3])
