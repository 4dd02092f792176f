"""Reports as plain data, without their pictures' traces, and back."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any, Union, get_args, get_origin, get_type_hints

from neurodeploy.report.report import Report


def plain_report(report: Report) -> dict[str, Any]:
    """Return a report as data that JSON takes."""
    return asdict(replace(report, trace=None))


def report_of(data: Mapping[str, Any]) -> Report:
    """Return the report of such data.

    Raises:
        KeyError: if a field is missing.
        TypeError: if a field has another type.
        ValueError: if a field has no such value.
    """
    report = _value_of(Report, data)
    assert isinstance(report, Report)
    return report


def _value_of(kind: Any, value: Any) -> Any:
    """Return plain data as a value of a type."""
    origin, parts = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [each.name for each in fields(kind)]
        assert isinstance(kind, type)
        return kind(**{name: _value_of(hints[name], value[name]) for name in names})
    if origin in (Union, types.UnionType):
        inner = next(part for part in parts if part is not type(None))
        return None if value is None else _value_of(inner, value)
    if origin is tuple:
        kinds = parts[:1] * len(value) if parts[-1] is Ellipsis else parts
        return tuple(_value_of(part, each) for part, each in zip(kinds, value, strict=True))
    if origin is Mapping:
        return {name: _value_of(parts[1], each) for name, each in value.items()}
    if kind is Any or isinstance(value, kind) or (kind is float and isinstance(value, int)):
        return value
    return kind(value)
