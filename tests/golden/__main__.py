"""`python -m tests.golden` writes every text of this folder anew; review the difference."""

from tests.golden.texts import HERE, TEXTS

for name, text in TEXTS.items():
    (HERE / name).write_text(text(), "utf-8")
