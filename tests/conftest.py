"""Options and fixtures of all tests: the size of the conformance suite, and seeds that repeat."""

import gc
import os
import sys
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import settings

from tests.cpu import Meter
from tests.unit import examples


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="run the whole conformance suite and every case, not a subset",
    )
    parser.addoption(
        "--nir-files", metavar="DIR", help="a folder with the NIR files that others published"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Meter())
    examples.asked["full"] = config.getoption("--full")
    # The same examples on every machine, however slow it is.
    number = examples.few(100)
    settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=number)
    settings.load_profile("repeatable")
    config.addinivalue_line(
        "markers", "every(n): of this test's cases, each n-th is run, the first among them"
    )
    config.addinivalue_line("markers", "thorough: a case that is run with --full alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases that the marks `every` and `thorough` say, unless all are asked for."""
    if config.getoption("--full"):
        return
    counts: Counter[str] = Counter()
    left_out = set()
    for item in items:
        mark = item.get_closest_marker("every")
        test = item.nodeid.partition("[")[0]
        if item.get_closest_marker("thorough") or (mark and counts[test] % mark.args[0]):
            left_out.add(item)
        counts[test] += 1
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Leave the tests themselves, half a million objects, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


# Set by pytest, and by torch and scikit-learn when they first compile or compute.
_SET_BY_OTHERS = ("PYTEST_CURRENT_TEST", "TORCHINDUCTOR_", "TRITON_", "KMP_")


def _variables() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(_SET_BY_OTHERS)
    }


@pytest.fixture(autouse=True, scope="session")
def _before() -> dict[str, str]:
    """The environment before the first test."""
    return _variables()


@pytest.fixture(autouse=True, scope="module")
def _environment(_before: dict[str, str]) -> Iterator[None]:
    """No fixture changes the environment for other modules, which follow in any order."""
    _require_unchanged(_before)
    yield
    _require_unchanged(_before)


def _require_unchanged(variables: dict[str, str]) -> None:
    """Fail once for each change."""
    before, now = dict(variables), _variables()
    variables.clear()
    variables.update(now)
    assert now == before


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are cores: some always wait, for a process or an index."""
    return (psutil.cpu_count(logical=False) or psutil.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Random weights do not depend on the tests that ran before, or on the process."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    # torch.manual_seed writes down a traceback for every kind of device, which takes milliseconds.
    torch.default_generator.manual_seed(0)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(0)


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the whole conformance suite was asked for."""
    return bool(request.config.getoption("--full"))
