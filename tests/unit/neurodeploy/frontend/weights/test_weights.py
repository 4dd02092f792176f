"""Files of weights alone: safetensors and torch's, wrapped, renamed, damaged, or of another net."""

import json
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from neurodeploy.errors import ModelFileError
from neurodeploy.frontend.weights import matched, read_mapping, read_weights


def network(names: tuple[str, str, str] = ("conv", "norm", "fc")) -> nn.Module:
    parts = (nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(8, 3))
    return nn.Sequential(OrderedDict(zip(names, parts, strict=True)))


def safetensors(tensors: dict[str, Tensor], **changes: object) -> bytes:
    """Return the bytes of a safetensors file, written from the format's description."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, tensor in tensors.items():
        numbers = tensor.contiguous().view(-1).numpy().tobytes()
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        offsets = [len(body), len(body) + len(numbers)]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": offsets}
        header[name] |= changes if name == "fc.bias" else {}
        body += numbers
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def written(path: Path, tensors: object) -> Path:
    torch.save(tensors, path)  # noqa: TID251
    return path


def test_safetensors_are_read(tmp_path: Path) -> None:
    tensors = network().state_dict()
    file = tmp_path / "weights.safetensors"
    file.write_bytes(safetensors(tensors))
    again = read_weights(file)
    assert list(again) == list(tensors)
    assert all(torch.equal(again[name], tensors[name]) for name in tensors)
    assert all(again[name].dtype == tensors[name].dtype for name in tensors)


DAMAGE = {
    "another type": {"dtype": "C64"},
    "a wrong shape": {"shape": [4]},
    "a negative shape": {"shape": [-3]},
    "an offset inside another tensor": {"data_offsets": [0, 12]},
    "an offset behind the end": {"data_offsets": [1 << 40, (1 << 40) + 12]},
    "offsets in words": {"data_offsets": ["0", "12"]},
    "endless axes": {"shape": [1] * 40 + [3]},
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE)
def test_damaged_safetensors_are_refused(change: dict[str, object], tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(safetensors(network().state_dict(), **change))
    with pytest.raises(ModelFileError, match="is damaged, or not a safetensors file"):
        read_weights(file)


@pytest.mark.parametrize("cut", [0, 7, 20, 400, -1])
def test_cut_safetensors_are_refused(cut: int, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(safetensors(network().state_dict())[:cut])
    with pytest.raises(ModelFileError, match="is damaged, or not a safetensors file"):
        read_weights(file)


def test_wrappers_are_dropped(tmp_path: Path) -> None:
    tensors = network().state_dict()
    wrapped = {f"module._orig_mod.{name}": value for name, value in tensors.items()}
    file = written(tmp_path / "net.pt", {"epoch": 3, "state_dict": wrapped, "accuracy": 0.5})
    assert list(read_weights(file)) == list(tensors)


def test_files_without_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="holds no weights by name"):
        read_weights(written(tmp_path / "net.pt", {"epoch": 3}))
    with pytest.raises(ModelFileError, match="NaN"):
        read_weights(written(tmp_path / "nan.pt", {"w": torch.full((2,), float("nan"))}))
    with pytest.raises(ModelFileError, match="w: is complex") as refusal:
        read_weights(written(tmp_path / "complex.pt", {"w": torch.full((2,), 1j)}))
    assert refusal.value.remedy


def test_other_names_are_matched_by_shape_and_order() -> None:
    source, module = network(), nn.Sequential(network(("first", "second", "head")))
    matching = matched(source.state_dict(), module)
    assert ("fc.weight", "0.head.weight") in matching.renamed
    matching.fill(module, source.state_dict())
    for (_, ours), (_, theirs) in zip(
        module.named_parameters(), source.named_parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)
    assert "conv.weight is read as 0.first.weight" in matching.sentences()


def test_equal_names_need_no_confirmation() -> None:
    source = network()
    assert matched(source.state_dict(), network()).renamed == ()


@pytest.mark.parametrize("prefix", ["model.", "net.backbone."])
def test_a_prefix_of_all_names_needs_no_confirmation(prefix: str) -> None:
    source = network()
    wrapped = {f"{prefix}{name}": value for name, value in source.state_dict().items()}
    matching = matched(wrapped, network())
    assert matching.renamed == matching.unused == ()
    assert (f"{prefix}fc.weight", "fc.weight") in matching.pairs
    other = matched(wrapped, network(("conv", "norm", "head")))
    assert (f"{prefix}fc.weight", "head.weight") in other.renamed
    named = {f"{prefix}fc.{each}": f"head.{each}" for each in ("weight", "bias")}
    assert f"{prefix}conv.weight is read as conv.weight" in other.sentences()
    assert matched(wrapped | {"loss.margin": torch.zeros(2)}, network()).renamed
    assert not any(
        pair in matched(wrapped, network(("conv", "norm", "head")), named).renamed
        for pair in named.items()
    )


def test_what_shapes_do_not_tell_is_refused() -> None:
    three = nn.Sequential(*(nn.Linear(4, 4) for _ in range(3))).state_dict()
    named = {f"layer{name}": value for name, value in three.items()}
    two = nn.Sequential(*(nn.Linear(4, 4) for _ in range(2)))
    with pytest.raises(ModelFileError, match="3 tensors weight"):
        matched(named, two)
    backwards = {"b.weight": torch.zeros(3, 4), "a.weight": torch.zeros(4, 4)}
    module = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 3, bias=False))
    with pytest.raises(ModelFileError, match="different orders"):
        matched(backwards, module)
    matching = matched(backwards, module, {"a.weight": "0.weight"})
    assert dict(matching.pairs) == {"a.weight": "0.weight", "b.weight": "1.weight"}
    assert matching.renamed == (("b.weight", "1.weight"),)


def test_missing_and_wrong_weights_are_refused() -> None:
    tensors = network().state_dict()
    del tensors["fc.bias"]
    with pytest.raises(ModelFileError, match=r"has no fc\.bias"):
        matched(tensors, network())
    tensors["fc.bias"] = torch.zeros(4)
    with pytest.raises(ModelFileError, match=r"fc\.bias: is \(4,\)"):
        matched(tensors, network())


def test_what_nobody_reads_is_named() -> None:
    tensors = network().state_dict() | {"lif.v_mem": torch.zeros(3, 4)}
    assert matched(tensors, network()).unused == ("lif.v_mem",)


def test_a_mapping_is_a_file_of_names(tmp_path: Path) -> None:
    file = tmp_path / "names.json"
    file.write_text('{"a.weight": "0.weight"}')
    assert read_mapping(file) == {"a.weight": "0.weight"}
    file.write_text('["a.weight"]')
    with pytest.raises(ModelFileError, match="not an object of names"):
        read_mapping(file)
    with pytest.raises(ModelFileError, match="there is no b"):
        matched({}, network(), {"b": "fc.weight"})
