"""Plain English in the rooms that have been edited: verbs first, and none of the old dialect."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.packaging.tree import FOLDERS, ROOT, files

# A room joins this list once all of its words are plain.
ROOMS = (
    "neurodeploy",
    "quant",
    "snncore",
    "targets/c",
    "targets/loihi",
    "targets/lynxi/reduced",
    "targets/lynxi/simulators",
    "targets/lynxi/vendor",
    "targets/nir",
    "targets/onnx",
)
PAGES = (*files("docs", suffix=".md"), *ROOT.glob("*.md"))
CODE = {path: path.read_text("utf-8") for path in files(*ROOMS, suffix=".py")}
# Every verb that may begin a function's docstring; a new one is added here.
VERBS = frozenset(
    re.findall(
        r"\w+",
        """
    add append apply arrange ask assign attach begin build calibrate call check choose clear
    close collect combine compare compile compute connect consume convert copy count create cut
    delay delete detach discard divide draw drop encode end ensure execute exit export fail feed
    fetch fill filter find finish fit flip flush fold follow forget format freeze generate give
    group guard hand hold ignore import include insert install integrate interpret iterate join
    keep kill learn leave let lift limit link list load lock look lower make map mark match
    measure merge move multiply note open pack parse pass place plot prepare print prove pull
    push put quantize raise read rebuild record redirect reduce refuse register reject release
    remove rename render replace report require reset resolve restore return reverse rewrite
    round run sample save scale scan search select send set share shift show simulate skip sort
    spell split start step stop store strip subtract sum swap take test trace train translate
    try turn undo unpack update use validate verify visit wait walk warn watch wrap write yield
    allocate blank bound collate continue correct derive drive estimate fire flatten halve indent
    normalize pool repeat reshape shard simplify solve tighten enter
        """,
    )
)
# From Python 3.12 on, an f-string is a token for each of its parts.
PART_OF_A_STRING = getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)
DIALECT = re.compile(
    r"\bwhat (of|becomes of)\b|\"nothing if\b|\bwhere to\b|\bin what\b"
    r"|\b(is|are) no (file|folder|list|name|model|manifest|artifact|kind|type|layer|node)\b"
    r"|\bif there are any\b|\bmade anew\b"
    r"|\bhas no place (in|on)\b|\bis told\b|\bsee what\b",
    re.IGNORECASE,
)


def words_of(source: str) -> Iterator[str]:
    """Yield every comment and every string of a file."""
    kinds = {tokenize.COMMENT, tokenize.STRING, PART_OF_A_STRING}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds:
            yield " ".join(token.string.split())


def dialect(text: str) -> list[str]:
    """Return the phrases of a text that a reader stumbles on."""
    return [match[0] for match in DIALECT.finditer(text)]


def is_noun(function: ast.FunctionDef) -> bool:
    """Return whether a function becomes a field or, with a class's name, a class of neurons."""
    names = {ast.unparse(each).split(".")[-1] for each in function.decorator_list}
    return bool(names & {"property", "cached_property"}) or function.name[0].isupper()


def verbless(source: str) -> list[str]:
    """Return the docstrings of functions that do not begin with a verb in the imperative."""
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    texts = (ast.get_docstring(each) for each in functions if not is_noun(each))
    return [text for text in texts if text and text.split()[0].strip(",:.").lower() not in VERBS]


def dialect_of(source: str) -> list[str]:
    """Return the old phrases in the comments and strings of a file."""
    if not dialect(" ".join(source.split())):
        # Most files need not be taken apart.
        return []
    return [phrase for text in words_of(source) for phrase in dialect(text)]


# Everywhere, tests included: what a sentence does not begin with, and a negation of German grammar.
OPENING = re.compile(r'^"""(what|where|nothing if)\b', re.IGNORECASE)
UNANCHORED = re.compile(OPENING.pattern.removeprefix("^"), re.IGNORECASE)
NEGATION = re.compile(r"(?<!there )\bis no (?!longer|more|larger|smaller|other)\w+", re.IGNORECASE)
ALL = {path: path.read_text("utf-8") for path in files(*FOLDERS, suffix=".py")}
# This file holds what it looks for.
del ALL[Path(__file__)]


def old_sentences(source: str) -> list[str]:
    """Return the comments and strings of a file that begin or negate as ours used to."""
    whole = " ".join(source.split())
    if not (UNANCHORED.search(whole) or NEGATION.search(whole)):
        return []
    return [text for text in words_of(source) if OPENING.search(text) or NEGATION.search(text)]


# Where names say what things are: everywhere.
NAMED = ("benchmarks", "examples", "neurodeploy", "quant", "snncore", "targets", "tests")
VAGUE = frozenset({"found", "given", "held", "known", "made", "place", "told"})
# Its text is part of every package that was ever exported.
SHIPPED = ROOT / "targets/lynxi/package/on_card.py"


def names_of(source: str) -> Iterator[str]:
    """Yield the names that a file gives to variables, parameters, attributes and functions."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.arg(arg=name) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name


def vague(source: str) -> list[str]:
    """Return the names that do not say what they name."""
    return [name for name in names_of(source) if name.strip("_") in VAGUE]


SAMPLES: dict[str, tuple[Callable[[str], list[str]], str]] = {
    "what of": (dialect_of, "x = 1  # What of a network is taken."),
    "nothing if": (dialect_of, 'def f():\n    """Nothing if the chip has neurons."""'),
    "is no": (dialect_of, 'raise ValueError("x.pt is no file")'),
    "where to": (dialect_of, 'OUT = option(help="Where to; the folder else.")'),
    "in what": (dialect_of, "# In what these neurons are not those of floats.\n"),
    "a place": (dialect_of, "# A layer that has no place in a graph.\n"),
    "a noun": (verbless, 'def f():\n    """The network."""'),
    "whether": (verbless, 'def f():\n    """Whether it fires."""'),
    "what": (verbless, 'class C:\n    def f(self):\n        """What was printed."""'),
    "a class that begins with what": (old_sentences, 'class C:\n    """What was compared."""'),
    "any negation": (old_sentences, "# A network that is no chain."),
    "a vague variable": (vague, "found = search()"),
    "a vague parameter": (vague, "def f(*given): ..."),
    "a vague attribute": (vague, "self._held = 1"),
    "a vague function": (vague, "def _made(): ..."),
    "a vague exception": (vague, "try: f()\nexcept E as found: ..."),
    "third person": (verbless, 'def f():\n    """Returns the network."""'),
}


@pytest.mark.parametrize(("rule", "source"), SAMPLES.values(), ids=SAMPLES)
def test_each_rule_finds_what_breaks_it(rule: Callable[[str], list[str]], source: str) -> None:
    assert rule(source)


def test_plain_words_pass() -> None:
    source = (
        "class Layer:\n"
        '    """A layer."""\n'
        "    @property\n"
        '    def unit(self):\n        """The value of one integer."""\n'
        '    def file(self):\n        """Return the file, which is not a folder."""\n'
    )
    assert not verbless(source)
    assert not dialect_of(source)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_there(room: str) -> None:
    assert any(path.is_relative_to(ROOT / room) for path in CODE)


def test_functions_begin_with_a_verb() -> None:
    assert {path: words for path, text in CODE.items() if (words := verbless(text))} == {}


def test_code_speaks_plainly() -> None:
    assert {path: words for path, text in CODE.items() if (words := dialect_of(text))} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_old_sentence_is_left(folder: str) -> None:
    sources = {path: text for path, text in ALL.items() if path.is_relative_to(ROOT / folder)}
    old = {path: sentences for path, text in sources.items() if (sentences := old_sentences(text))}
    assert old == {}


@pytest.mark.parametrize("folder", NAMED)
def test_names_say_what_they_name(folder: str) -> None:
    paths = [path for path in ALL if path.is_relative_to(ROOT / folder) and path != SHIPPED]
    assert paths
    assert {path: names for path in paths if (names := vague(ALL[path]))} == {}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_speak_plainly(path: Path) -> None:
    assert not dialect(path.read_text("utf-8"))
