"""Parts of the fast engine: the order of a program's nodes, and integers on a GPU."""
