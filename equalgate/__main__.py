"""Run the command line: `python -m equalgate`."""

import sys

from equalgate.cli import main

if __name__ == "__main__":
    sys.exit(main())
