"""Values that are proved to be small need no look, until they change."""

from unittest.mock import Mock, patch

import torch

from quant.grid import noted
from quant.grid.noted import is_promised, keep_promise, promise


def test_a_promise_holds_until_the_values_change() -> None:
    x = torch.ones(3, 4)
    assert not is_promised(x, 1.0)
    promise(x, 1.0)
    assert is_promised(x, 1.0)
    assert not is_promised(x, 0.5)
    view = x.reshape(12)
    assert not is_promised(view, 1.0)
    keep_promise(x, view)
    assert is_promised(view, 1.0)
    x.mul_(2)
    assert not is_promised(x, 1.0)
    assert not is_promised(view, 1.0)
    keep_promise(x, view)
    assert not is_promised(view, 1.0)


def test_results_are_not_promised() -> None:
    x = torch.ones(3)
    promise(x, 1.0)
    assert not is_promised(x + x, 1.0)
    with torch.inference_mode():
        other = torch.ones(3)
        promise(other, 1.0)
        assert not is_promised(other, 1.0)


def test_a_graph_that_is_captured_asks_for_no_outcome() -> None:
    board = noted._Board(torch.device("cpu"))
    board._copy, board._arrived = torch.zeros(1), Mock(query=Mock(return_value=False))
    for may in (True, False):
        with patch.object(noted, "_may_send", return_value=may):
            board.look()
    assert board._arrived.query.call_count == 1
