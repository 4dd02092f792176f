"""The command line's place in a shell: the words that it completes, and a project's defaults."""
