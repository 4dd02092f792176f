"""`neurodeploy targets`: what each target accepts, its limits, and its simulators' state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodeploy.cli.command import command
from neurodeploy.cli.outcome import Block, Line, Outcome, Table, title
from neurodeploy.cli.output import Streams

if TYPE_CHECKING:
    from neurodeploy.target import Option, Target


@command
def targets(output: Streams) -> Outcome:
    """Show what each target accepts, and its limits."""
    from neurodeploy.target import targets as installed

    chips = installed()
    if not chips:
        return Outcome({"targets": []}, (Line("No target is installed."),))
    blocks = [block for name, target in chips.items() for block in _blocks(name, target)]
    return Outcome(
        {"targets": [_document(name, target) for name, target in chips.items()]}, blocks[1:]
    )


def _document(name: str, target: Target) -> dict[str, Any]:
    facts = target.capabilities
    return {
        "name": name,
        "title": facts.title,
        "exact": facts.exact,
        "layers": list(facts.layers),
        "neurons": list(facts.neurons),
        "limits": dict(facts.limits),
        "suffixes": list(facts.suffixes),
        "options": {
            name: {
                "meaning": details.meaning,
                "default": details.default,
                "choices": list(details.choices),
            }
            for name, details in facts.options.items()
        },
        "simulators": _states(target),
    }


def _blocks(name: str, target: Target) -> list[Block]:
    facts = target.capabilities
    simulators = [f"{each}: {state}" for each, state in _states(target).items()]
    rows = [
        ("layers", ", ".join(facts.layers)),
        ("neurons", ", ".join(facts.neurons)),
        *facts.limits.items(),
        ("exact", "every bit" if facts.exact else "within a stated tolerance"),
        ("files", ", ".join(facts.suffixes)),
        *((f"option {option}", _option(details)) for option, details in facts.options.items()),
        ("simulators", ", ".join(simulators) or "none"),
    ]
    return [*title(f"{name}: {facts.title}"), Table(("", ""), rows)]


def _option(option: Option) -> str:
    spelled: str | int = option.default
    if isinstance(option.default, bool):
        spelled = "yes" if option.default else "no"
    choices = f"{', '.join(option.choices)}; " if option.choices else ""
    return f"{option.meaning} ({choices}{spelled} by default)"


def _states(target: Target) -> dict[str, str]:
    from neurodeploy.sandbox import Environment, status

    return {
        name: status(each).state.value if isinstance(each, Environment) else "built in"
        for name, each in target.simulators.items()
    }
