"""Files of samples: whatever NumPy writes of numbers is read, and sizes are known before."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.data import samples_file
from neurodeploy.data.samples_file import read_samples
from neurodeploy.errors import SamplesError
from neurodeploy.flow import pipeline

SPIKES = np.arange(48).reshape(4, 2, 6) % 2


def test_the_pipeline_reads_samples() -> None:
    assert pipeline.read_samples is read_samples


@pytest.mark.parametrize("suffix", ["npy", "npz", "packed"])
@pytest.mark.parametrize(
    "kind", ["?", "i1", "u1", ">i2", "<i4", "i8", ">u8", "f2", "<f4", ">f8", "longdouble"]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_any_type_and_order(suffix: str, kind: str, order: Any, tmp_path: Path) -> None:
    array = np.array(SPIKES, dtype=kind, order=order)
    path = tmp_path / "x"
    write = {"npy": np.save, "npz": np.savez, "packed": np.savez_compressed}[suffix]
    with path.open("wb") as file:
        write(file, array) if suffix == "npy" else write(file, samples=array)
    samples, labels = read_samples(path)
    assert labels is None
    assert samples.dtype == array.dtype.newbyteorder("=")
    assert samples.dtype.isnative
    assert np.array_equal(samples, array)
    assert samples.flags.f_contiguous == array.flags.f_contiguous


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1, 1, 1, 1, 1)])
def test_any_shape_is_read(shape: tuple[int, ...], tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(shape))
    assert read_samples(tmp_path / "x.npy")[0].shape == shape


def test_what_is_no_finite_number_is_left_to_the_network(tmp_path: Path) -> None:
    """Which knows whether it takes fractions, and names its input."""
    np.save(tmp_path / "x.npy", np.array([[[np.nan, np.inf]]]))
    assert np.isnan(read_samples(tmp_path / "x.npy")[0]).sum() == 1


def test_headers_of_version_two_are_read(tmp_path: Path) -> None:
    with (tmp_path / "x.npy").open("wb") as file:
        np.lib.format.write_array(file, SPIKES, version=(2, 0))
    assert np.array_equal(read_samples(tmp_path / "x.npy")[0], SPIKES)


def test_labels_come_with_samples_and_other_members_are_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, samples=SPIKES, labels=np.array([1, 2]), other=np.array([None, "x"]))
    _, labels = read_samples(path)
    assert labels is not None
    assert labels.tolist() == [1, 2]
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("notes.txt", "mine")
    assert np.array_equal(read_samples(path)[0], SPIKES)


def test_what_packs_well_is_bounded_and_what_is_stored_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is lowered from two gigabytes to two megabytes, which are quicker to write."""
    assert samples_file.PACKED_BYTES == 2 << 30
    silent = np.zeros((2, 1, 1 << 20), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (3, 1, 1 << 20), np.uint8)
    np.savez_compressed(tmp_path / "packed.npz", samples=silent)
    np.savez(tmp_path / "stored.npz", samples=silent)
    np.savez_compressed(tmp_path / "noise.npz", samples=noise)
    assert read_samples(tmp_path / "packed.npz")[0].size == 2 << 20
    monkeypatch.setattr(samples_file, "PACKED_BYTES", 2 << 20)
    with pytest.raises(SamplesError, match=r"packed\.npz: .* unpacks [0-9,]+ bytes to 2,097,280"):
        read_samples(tmp_path / "packed.npz")
    assert read_samples(tmp_path / "stored.npz")[0].size == 2 << 20
    assert read_samples(tmp_path / "noise.npz")[0].size == 3 << 20


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    for name in ("samples", "samples.npy"):
        with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
            file.writestr(name, b"words")
        with pytest.raises(SamplesError, match=r"x\.npz: .*NumPy's format"):
            read_samples(tmp_path / "x.npz")


def test_a_file_holds_as_many_numbers_as_it_says(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, SPIKES)
    for content in (buffer.getvalue() + b"x", buffer.getvalue()[:-1]):
        (tmp_path / "x.npy").write_bytes(content)
        with pytest.raises(SamplesError, match=r"longer than it says|cut short"):
            read_samples(tmp_path / "x.npy")
