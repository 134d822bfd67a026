# A gate unit with simulated hardware: every record that it makes says so. For trying things; a real
# unit needs its lines and serial ports and is installed with systemd (firmware-config).
ARG BASE=debian:12-slim
FROM ${BASE}

RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv libzbar0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 990 --home-dir /var/lib/equalgate --create-home equalgate

WORKDIR /opt/equalgate
COPY requirements/run.txt requirements/run.txt
RUN python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY LICENSE README.md pyproject.toml ./
COPY edge edge
COPY mqtt mqtt
COPY controller controller
COPY equalgate equalgate
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-index --no-build-isolation -e .

ENV PATH=/opt/equalgate/.venv/bin:$PATH
USER equalgate
VOLUME /var/lib/equalgate
ENTRYPOINT ["equalgate"]
CMD ["edge", "sim", "--config", "/etc/equalgate/gate.toml"]
