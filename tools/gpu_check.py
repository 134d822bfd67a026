"""Check everything that needs an NVIDIA GPU, without network, and keep a dated result.

    python tools/gpu_check.py --models DIR [--out DIR] [--parts NAME …] [--golden FILE]
    python tools/gpu_check.py --models DIR --record FILE     # on any machine with ONNX Runtime

Each part runs in a process of its own and goes on where another is impossible: without TensorRT,
or where TensorRT refuses the GPU, its exact words are the result. One JSON line per part; exit
status 0 when no part failed, 1 when one did, 2 for bad use. Parts that are impossible on the
machine are told as such and are no failure.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tools.gpu.main import main

    sys.exit(main(sys.argv[1:]))
