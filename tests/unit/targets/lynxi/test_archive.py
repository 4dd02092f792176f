"""The zip archive, held against Python's own."""

import io
import zipfile

import numpy as np
import pytest

from neurodeploy.data.content import Content, of_array, of_bytes
from targets.lynxi.vendor.archive import archive

RECORDS = {
    "none": {},
    "one": {"a": of_bytes(b"abc")},
    "several": {
        "folder/empty": of_bytes(b""),
        "folder/data/0": of_array(np.arange(300), np.float16),
        "folder/data/1": of_array(np.zeros((0, 3)), np.float16),
    },
}


@pytest.mark.parametrize("records", RECORDS.values(), ids=RECORDS)
def test_it_is_what_python_writes(records: dict[str, Content]) -> None:
    expected = io.BytesIO()
    with zipfile.ZipFile(expected, "w", zipfile.ZIP_STORED) as file:
        for name, content in records.items():
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), bytes(content))
    written = archive(records)
    assert bytes(written) == expected.getvalue()
    assert written.size == len(expected.getvalue())
    with zipfile.ZipFile(io.BytesIO(bytes(written))) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == {
            name: bytes(content) for name, content in records.items()
        }
