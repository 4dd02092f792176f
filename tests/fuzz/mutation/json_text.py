"""JSON documents changed in what they hold, or in how that is written."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.fuzz.mutation import data, raw

# By the digits of a number that stands in the document; each of them is JSON, or nearly.
_WRITTEN = ("1" + "0" * 5000, "1e999", "-Infinity", "NaN", "1E400", "-0", "0x10", "1.", "[" * 2000)
_WRITTEN += ('{"a": 1, "a": 2}', '"\\ud800"', "1e-400", "[" * 60 + "]" * 60, "true", "")


# Operations that read two values, and one.
_TWICE = ("multiply", "multiply", "multiply", "add", "subtract", "maximum", "divide")
_ONCE = ("negate", "absolute", "exp", "log", "detach", "spike")


def changed(content: bytes, random: Random) -> bytes:
    """Return the document with one fault."""
    if random.random() < 0.1:
        return raw.changed(content, random)
    document = json.loads(content)
    kind = random.random()
    if kind < 0.1:
        return written(_lengthened(document, random))
    if kind < 0.87:
        return written(data.changed(document, random))
    return _rewritten(document, random)


def written(document: Any) -> bytes:
    """Write the document as text, whatever it contains."""
    try:
        return json.dumps(document, ensure_ascii=True).encode()
    except RecursionError:
        return json.dumps(str(document)[:100]).encode()


def _lengthened(document: Any, random: Random) -> Any:
    """Append a chain of operations, each reading the one before twice, to some equations."""
    candidates = list(_equations(document))
    if not candidates:
        return data.changed(document, random)
    equations = random.choice(candidates)
    operations, last = equations["operations"], len(equations["operations"]) - 1
    words = [operation[0] for operation in operations]
    for _ in range(random.choice((5, 20, 30, 70, 1000))):
        args = [last, random.choice((last, last, 0))]
        word = random.choice((*_TWICE, *words))
        operations.append([word, args[: 1 if word in _ONCE else 2], None])
        last += 1
    equations["next_states"][0] = last
    if random.random() < 0.3:
        equations["output"] = last
    return document


def _equations(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every neuron's equations in a document."""
    if isinstance(value, dict):
        operations = value.get("operations")
        if isinstance(operations, list) and operations and "next_states" in value:
            yield value
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            yield from _equations(item)


def _rewritten(document: Any, random: Random) -> bytes:
    mark = "a mark that nothing else is"
    root = [document]
    holder, key = data.somewhere(root, random)
    holder[key] = mark
    return json.dumps(root[0]).replace(f'"{mark}"', random.choice(_WRITTEN)).encode()
