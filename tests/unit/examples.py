"""The number of examples that hypothesis draws: a part in `make test`, all with --full."""

_PART = 4
# What pytest was asked for; its options are read before any test is imported.
asked: dict[str, bool] = {"full": False}


def few(number: int) -> int:
    """Return a part of this number of examples, unless all are asked for."""
    return number if asked["full"] else number // _PART
