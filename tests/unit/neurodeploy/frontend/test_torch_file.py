"""torch's files: what torch writes is read as torch reads it, and a pickle calls nothing."""

import io
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import ModelFileError, UnsupportedLayerError
from neurodeploy.frontend.plain_pickle import OPERATIONS, plain_data
from neurodeploy.frontend.torch_file import read_torch_file

NUMBERS = torch.arange(24.0).reshape(2, 3, 4)
KINDS = (torch.float64, torch.half, torch.bfloat16, torch.cfloat, torch.cdouble, torch.int64)
KINDS += (torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
IMAGE = torch.arange(48.0).reshape(2, 3, 2, 4)
VALUES: dict[str, Any] = {
    **{str(kind): {"x": NUMBERS.to(kind)} for kind in KINDS},
    "a scalar": {"x": torch.tensor(3.5)},
    "nothing": {"x": torch.empty(0, 3)},
    "columns": {"x": NUMBERS[0].T},
    "channels last": {"x": IMAGE.contiguous(memory_format=torch.channels_last)},
    "parts of one": {"a": NUMBERS[0], "b": NUMBERS[1], "c": NUMBERS[:, 1:, ::2]},
    "tied": {"a": NUMBERS, "b": NUMBERS},
    "parameters": OrderedDict(a=nn.Parameter(NUMBERS), b=nn.Parameter(NUMBERS, False)),
    "a network": nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).state_dict(),
    "data": {"a": [1, -1, 1 << 40, 2.5, True, None, "ä"], "b": ((), (1,), (1, 2, 3, 4)), 3: {}},
    "a shape": {"x": torch.Size([2, 3])},
}


def equal(first: Any, second: Any) -> bool:
    """Whether both are the same to the bit, with tensors in the same order in memory."""
    if isinstance(first, torch.Tensor):
        alike = first.dtype == second.dtype and first.stride() == second.stride()
        return alike and torch.equal(first, second)
    if isinstance(first, dict):
        pairs = zip(first.items(), second.items(), strict=True)
        return all(a == b and equal(x, y) for (a, x), (b, y) in pairs)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return type(first) is type(second) and first == second


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", VALUES)
def test_what_torch_writes_is_read_as_torch_reads_it(
    name: str, protocol: int, tmp_path: Path
) -> None:
    path = tmp_path / "x.pt"
    torch.save(VALUES[name], path, pickle_protocol=protocol)
    expected = torch.load(path, weights_only=False)
    actual = read_torch_file(path)
    assert equal(actual, expected)
    assert getattr(actual, "_metadata", 0) == getattr(expected, "_metadata", 0)


def test_a_flipped_bit_in_a_weight_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save({"x": NUMBERS}, path)
    whole = path.read_bytes()
    where = whole.index(NUMBERS.numpy().tobytes())
    for offset in (0, 40, 95):
        flipped = bytearray(whole)
        flipped[where + offset] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(ModelFileError, match=r"x\.pt: is damaged.*CRC"):
            read_torch_file(path)


def test_any_byte_of_a_bool_but_zero_is_true(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    codes = torch.tensor([0, 1, 2, 255], dtype=torch.uint8)
    torch.save({"x": codes.view(torch.bool)}, path)
    assert read_torch_file(path)["x"].view(torch.uint8).tolist() == [0, 1, 1, 1]


def test_operations_are_bounded_and_a_description_of_many_layers_has_room(tmp_path: Path) -> None:
    assert plain_data(b"\x80\x02}.") == ({}, 3)
    with pytest.raises(ValueError, match=rf"more than {OPERATIONS:,} operations"):
        plain_data(b"\x80\x02(" + b"N" * OPERATIONS)
    layers = [quant.Block(quant.Linear(2, 2), quant.CubaLIF()) for _ in range(200)]
    path = tmp_path / "x.pt"
    nd.save(nn.Sequential(*layers), path)
    content = io.BytesIO(path.read_bytes())
    with torch.serialization._open_zipfile_reader(content) as file:
        _, operations = plain_data(file.get_record("data.pkl"))
    assert operations * 5 < OPERATIONS
    assert len(nd.load(path)) == 200


def test_a_link_that_somebody_names_is_followed_to_a_file(tmp_path: Path) -> None:
    torch.save({"x": NUMBERS}, tmp_path / "x.pt")
    (tmp_path / "link.pt").symlink_to("x.pt")
    assert equal(read_torch_file(tmp_path / "link.pt")["x"], NUMBERS)
    (tmp_path / "null.pt").symlink_to(os.devnull)
    with pytest.raises(ModelFileError, match=r"null\.pt: .*is not a regular file"):
        read_torch_file(tmp_path / "null.pt")


class Named(nn.Module):
    """A network whose one layer is called as the test says."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        setattr(self, name, quant.Block(quant.Linear(2, 2), quant.CubaLIF()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Its spikes."""
        return self._modules[self.name](x)


@pytest.mark.parametrize("name", ["append", "pop", "layers", "Sequential", "größe"])
def test_a_layer_may_be_called_as_it_likes(name: str, tmp_path: Path) -> None:
    network, example = Named(name), torch.zeros(1, 1, 2)
    nd.save(network, tmp_path / "x.pt", example=example)
    loaded = nd.load(tmp_path / "x.pt")
    assert list(dict(loaded.named_children())) == [name]
    assert nd.lower(loaded).sha256 == nd.lower(network, example=example).sha256


@pytest.mark.parametrize("name", ["_calls", "T_destination"])
def test_a_name_that_no_file_could_hold_is_refused_when_it_is_saved(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedLayerError, match=f"'{name}' is not a name for a layer.*rename"):
        nd.save(Named(name), tmp_path / "x.pt", example=torch.zeros(1, 1, 2))
    assert not list(tmp_path.iterdir())
