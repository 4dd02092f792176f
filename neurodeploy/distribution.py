"""The distribution that this package is installed from."""

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "neurodeploy-toolchain"


def toolchain_version() -> str:
    """Return the installed version of this distribution."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "not installed"
