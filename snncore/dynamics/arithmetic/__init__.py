"""Number systems: the same equations in integers, and the ranges that they keep."""
