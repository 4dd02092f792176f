"""`python -m tests.browser`: installs the browser of the tests, or says why there is none."""

from __future__ import annotations

from tests.browser.chromium import NoBrowserError, installed

if __name__ == "__main__":
    try:
        print(f"the browser of the tests is {installed()}")
    except NoBrowserError as error:
        print(f"the tests of pages will not run: {error}")
