"""Published recordings, read from small files that are written here in their true formats."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from snncore import similarity

# Scene and beginning of each presentation; -1 is a grey screen.
SHOWN = [(3, 1.0), (-1, 1.25), (0, 1.5), (3, 1.75)]
# Spikes of each unit, and the channel it was seen on.
TRAINS = [[1.01, 1.2, 1.6], [0.5], [1.25, 1.76, 1.9, 1.999]]
CHANNELS = [11, 12, 11]


def session(path: Path, frames: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["units/spike_times"] = np.concatenate(TRAINS)
        file["units/spike_times_index"] = np.cumsum([len(train) for train in TRAINS])
        file["units/peak_channel_id"] = np.array(CHANNELS)
        file["general/extracellular_ephys/electrodes/id"] = np.array([11, 12, 13])
        file["general/extracellular_ephys/electrodes/location"] = np.array(
            [b"VISp", b"VISl", b"CA1"]
        )
        scenes = file.create_group("intervals/natural_scenes_presentations")
        scenes["frame"] = frames
        scenes["start_time"] = np.array([start for _, start in SHOWN])


@pytest.mark.parametrize("kind", [np.float64, object])
def test_allen_scenes(kind: type, tmp_path: Path) -> None:
    numbers = [float(scene) for scene, _ in SHOWN]
    frames = np.array(numbers) if kind is np.float64 else np.array([str(n) for n in numbers], "S8")
    session(tmp_path / "s.nwb", frames)
    trials = similarity.allen_scenes(tmp_path / "s.nwb", "VISp")
    # Scene 0 was shown once and scene 3 twice; four spikes a second are one in the window.
    expected = np.array([[[4, 0], [np.nan, np.nan]], [[8, 0], [0, 12]]])
    assert np.array_equal(trials.responses, expected, equal_nan=True)
    assert trials.means().tolist() == [[4, 0], [4, 6]]
    late = similarity.allen_scenes(tmp_path / "s.nwb", "VISp", window=(0.1, 0.2))
    # 1.2 is where the window ends, and not in it.
    assert np.nanmax(late.responses[:, :, 0]) == pytest.approx(10)
    with pytest.raises(ValueError, match="no units of 'VISrl'; there are VISl, VISp"):
        similarity.allen_scenes(tmp_path / "s.nwb", "VISrl")


def test_sessions_that_are_not_there_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        similarity.allen_scenes(tmp_path / "s.nwb", "VISp")
    (tmp_path / "s.nwb").write_bytes(b"no HDF5" * 9)
    with pytest.raises(ValueError, match="is not a file of HDF5"):
        similarity.allen_scenes(tmp_path / "s.nwb", "VISp")
    with h5py.File(tmp_path / "s.nwb", "w") as file:
        file["units/spike_times"] = [1.0]
    with pytest.raises(ValueError, match="holds no units/spike_times_index, units/peak"):
        similarity.allen_scenes(tmp_path / "s.nwb", "VISp")


def test_averages_of_macaques_and_mice(tmp_path: Path) -> None:
    faces = np.arange(12.0).reshape(4, 3)
    np.save(tmp_path / "AM.npy", faces)
    np.save(tmp_path / "noise_ceiling.npy", np.array([0.2, 0.7, 0.5]))
    assert np.array_equal(similarity.read_averages(tmp_path / "AM.npy"), faces)
    kept = similarity.read_averages(
        tmp_path / "AM.npy", ceilings=tmp_path / "noise_ceiling.npy", least=0.5
    )
    assert np.array_equal(kept, faces[:, 1:])
    np.save(tmp_path / "visp_10.npy", np.stack([faces, faces + 2], 1))
    assert np.array_equal(similarity.read_averages(tmp_path / "visp_10.npy"), faces + 1)
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="is not an array of numbers"):
        similarity.read_averages(tmp_path / "objects.npy")
    with pytest.raises(ValueError, match="no unit reaches"):
        similarity.read_averages(
            tmp_path / "AM.npy", ceilings=tmp_path / "noise_ceiling.npy", least=0.9
        )


def assembly(path: Path) -> np.ndarray:
    """Write what netCDF-4 writes: an array whose dimensions are scales of the same names."""
    values = np.arange(3 * 5 * 2.0).reshape(3, 5, 2)
    with h5py.File(path, "w") as file:
        for name, length in zip(("neuroid", "presentation", "time_bin"), values.shape, strict=True):
            file[name] = np.zeros(length)
            file[name].make_scale(f"This is a netCDF dimension but not a netCDF variable {length}")
        file["dicarlo.MajajHong2015"] = values
        for axis, name in enumerate(("neuroid", "presentation", "time_bin")):
            file["dicarlo.MajajHong2015"].dims[axis].attach_scale(file[name])
        for name, words, axis in (
            ("region", ["IT", "V4", "IT"], "neuroid"),
            ("image_id", ["b", "a", "b", "a", "c"], "presentation"),
        ):
            file[name] = np.array(words, h5py.string_dtype())
            file[name].dims[0].attach_scale(file[axis])
    return values


def test_assemblies_of_brain_score(tmp_path: Path) -> None:
    values = assembly(tmp_path / "a.nc").mean(2)
    trials, names = similarity.read_assembly(tmp_path / "a.nc", "IT")
    assert names == ("a", "b", "c")
    chosen = values[[0, 2]]
    assert np.allclose(
        trials.means(),
        np.stack([chosen[:, [1, 3]].mean(1), chosen[:, [0, 2]].mean(1), chosen[:, 4]]),
    )
    assert trials.repeats == 2
    whole, _ = similarity.read_assembly(tmp_path / "a.nc")
    assert whole.responses.shape == (3, 2, 3)
    with pytest.raises(ValueError, match="no units of 'V1'; there are IT, V4"):
        similarity.read_assembly(tmp_path / "a.nc", "V1")
    with pytest.raises(ValueError, match="has no variable 'object_name'"):
        similarity.read_assembly(tmp_path / "a.nc", stimulus="object_name")
