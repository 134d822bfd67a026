#!/bin/sh
# For maintainers: renew the hashed pins from pyproject.toml. Needs uv:
#   ./gate exec sh requirements/renew.sh
# Resolved for Python 3.11 and later on x86-64 and aarch64; no index address gets into the files, so
# that pip's own mirror settings keep working.
set -eu
cd "$(dirname "$0")/.."
UV_PYTHON_DOWNLOADS=never
export UV_PYTHON_DOWNLOADS
set -- --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade
uv pip compile "$@" --universal --python-version 3.11 pyproject.toml requirements/build.in \
    --extra edge --extra qr --extra face --extra controller --extra postgres --extra dev \
    -o requirements/dev.txt
uv pip compile "$@" --universal --python-version 3.11 pyproject.toml requirements/build.in \
    --extra edge --extra qr --extra face --extra controller -c requirements/dev.txt -o requirements/run.txt
uv pip compile "$@" --no-deps --only-binary :all: --python-version 3.10 \
    --python-platform aarch64-manylinux_2_28 requirements/jetpack6-workers.in \
    -o requirements/jetpack6-workers.txt
uv pip compile "$@" --no-deps --only-binary :all: --no-binary pycuda --python-version 3.10 \
    --python-platform aarch64-manylinux_2_28 requirements/jetpack6-face.in \
    -o requirements/jetpack6-face.txt
