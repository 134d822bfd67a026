"""Run benchmarks: `python -m equalgate.bench [--quick] [NAME ...]`."""

import sys

from equalgate.bench import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
