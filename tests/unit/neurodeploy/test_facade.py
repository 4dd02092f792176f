"""The names of the package: each is there, and an interpreter completes them."""

import neurodeploy as nd


def test_what_completes_is_what_is_promised() -> None:
    assert dir(nd) == sorted(nd.__all__)
    assert {"export", "load", "save", "targets", "verify"} <= set(dir(nd))
    for name in dir(nd):
        assert getattr(nd, name) is not None
