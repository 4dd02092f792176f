"""Parts: where the neurons of a layer of the network stand in a layer that holds several."""

import numpy as np
import pytest

from neurodeploy.program import Part


def test_phases_are_groups_of_channels() -> None:
    part = Part("a", (2, 3, 5), first=1, phases=(2, 3))
    layer = (1 + 2 * 6, 2, 2)
    assert part.fits(layer)
    values = np.arange(np.prod(layer)).reshape(1, 1, *layer)
    shown = part.of(values, layer)[0, 0]
    for c, y, x in np.ndindex(2, 3, 5):
        channel = 1 + ((y % 2) * 3 + x % 3) * 2 + c
        assert shown[c, y, x] == values[0, 0, channel, y // 2, x // 3]


def test_a_vector_holds_an_image_in_c_order() -> None:
    part = Part("a", (2, 2, 2), first=3)
    assert part.indices((11,)).reshape(-1).tolist() == list(range(3, 11))


@pytest.mark.parametrize(
    ("part", "layer"),
    [
        (Part("a", (9,), 3), (11,)),
        (Part("a", (4,), -1), (11,)),
        (Part("a", (4,), phases=(2, 1)), (11,)),
        (Part("a", (4,)), (4, 1, 1)),
        (Part("a", (2, 3, 3)), (2, 3, 2)),
        (Part("a", (2, 3, 3), 1), (2, 3, 3)),
        (Part("a", (1, 4, 4), phases=(2, 2)), (3, 2, 2)),
        (Part("a", (0,)), (4,)),
        (Part("a", (2, 1 << 70, 1)), (2, 3, 3)),
    ],
)
def test_what_does_not_fit_is_seen(part: Part, layer: tuple[int, ...]) -> None:
    assert not part.fits(layer)
