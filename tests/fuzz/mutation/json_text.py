"""JSON documents changed in what they hold, or in how that is written."""

import json
from random import Random
from typing import Any

from tests.fuzz.mutation import data, raw

# By the digits of a number that stands in the document; each of them is JSON, or nearly.
_WRITTEN = ("1" + "0" * 5000, "1e999", "-Infinity", "NaN", "1E400", "-0", "0x10", "1.", "[" * 2000)
_WRITTEN += ('{"a": 1, "a": 2}', '"\\ud800"', "1e-400", "[" * 60 + "]" * 60, "true", "")


def changed(content: bytes, random: Random) -> bytes:
    """The document with something wrong."""
    if random.random() < 0.1:
        return raw.changed(content, random)
    document = json.loads(content)
    if random.random() < 0.85:
        return written(data.changed(document, random))
    return _rewritten(document, random)


def written(document: Any) -> bytes:
    """The document as text, whatever it holds."""
    try:
        return json.dumps(document, ensure_ascii=True).encode()
    except RecursionError:
        return json.dumps(str(document)[:100]).encode()


def _rewritten(document: Any, random: Random) -> bytes:
    mark = "a mark that nothing else is"
    root = [document]
    holder, place = data.somewhere(root, random)
    holder[place] = mark
    return json.dumps(root[0]).replace(f'"{mark}"', random.choice(_WRITTEN)).encode()
