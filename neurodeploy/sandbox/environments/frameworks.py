"""Environments of the frameworks, beside the torch that runs neurodeploy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neurodeploy.sandbox.environments.environment import OWN_PYTHON, Environment


@dataclass(frozen=True)
class _Framework:
    """A framework's release: its pins, and the sizes of an installation."""

    title: str
    pins: tuple[str, ...]
    download_mb: int
    disk_mb: int
    # What builds it, if it comes as source alone.
    tools: tuple[str, ...] = ()
    built: tuple[str, ...] = ()


_NIR = ("nir==1.0.8", "nirtorch==2.6")
# matplotlib, which some import wherever they are used, and what it imports itself.
_PLOT = (
    *("contourpy==1.3.3", "cycler==0.12.1", "fonttools==4.68.0", "kiwisolver==1.5.1"),
    *("matplotlib==3.11.2", "pillow==13.0.0", "pyparsing==3.3.3", "python-dateutil==4.0.0"),
)
_PACKAGING = "packaging==26.3"
_FRAMEWORKS = {
    # Its version is read from its metadata by setuptools-scm, which imports packaging.
    "norse": _Framework(
        "Norse 1.1.0",
        ("norse==1.1.0", *_NIR, *_PLOT),
        25,
        75,
        ("setuptools==84.2.1", "setuptools-scm==9.2.2", _PACKAGING),
        ("norse",),
    ),
    # It measures time series with SciPy.
    "rockpool": _Framework(
        "Rockpool 3.1.0",
        ("rockpool==3.1.0", "scipy==1.17.1", _PACKAGING, *_NIR),
        40,
        125,
        ("setuptools==84.2.1",),
        ("rockpool",),
    ),
    "sinabs": _Framework(
        "sinabs 3.1.3", ("sinabs==3.1.3", "pbr==7.1.3", *_NIR, *_PLOT, _PACKAGING), 25, 75
    ),
    # With the harness of NeuroBench, which builds on it.
    "snntorch": _Framework(
        "snnTorch 1.0.0", ("snntorch==1.0.0", "neurobench==2.3.0", "tqdm==4.70.1", *_NIR), 1, 20
    ),
    "spikingjelly": _Framework(
        "SpikingJelly 2.0.0", ("spikingjelly==2.0.0", "loguru==0.7.3", *_NIR), 2, 25
    ),
}


def framework_environment(name: str, worker: Path, self_test: Mapping[str, object]) -> Environment:
    """Return the environment of a framework, which uses the torch that neurodeploy has.

    Raises: KeyError if no framework has the name.
    """
    framework = _FRAMEWORKS[name]
    return Environment(
        name=name,
        title=framework.title,
        python=OWN_PYTHON,
        worker=worker,
        self_test=self_test,
        requirements=framework.tools,
        without_dependencies=framework.pins,
        download_mb=framework.download_mb,
        disk_mb=framework.disk_mb,
        hashes=Path(__file__).with_name("requirements") / f"{name}.txt",
        beside=("torch", "numpy", "h5py"),
        built=framework.built,
    )
