"""`python -m neurodeploy`: the command line."""

import sys

from neurodeploy.cli import main

if __name__ == "__main__":
    sys.exit(main())
