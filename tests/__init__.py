"""The tests; each of their processes seldom searches for garbage, of which they make hardly any."""

import atexit
import gc

# A quarter of the time of importing torch, and of collecting the tests, is such a search.
gc.set_threshold(20_000, 20, 20)
# Nor does the end need a last one.
atexit.register(gc.freeze)
