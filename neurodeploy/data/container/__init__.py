"""Containers of vendors' files, written in pieces and without a package of theirs."""
