"""Commands about this machine: its installation and its simulators."""
