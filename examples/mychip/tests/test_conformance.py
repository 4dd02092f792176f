"""The conformance kit on mychip; add tests of what is special about the chip beside it."""

from neurodeploy.testing.conformance import Conformance


class TestMychip(Conformance):
    """Every program of the suite, through check, compile, read, simulate and the controls."""

    target = "mychip"
