# The controller of a compound: pages, ingest, migrations and keyboard commands, one for each service.
# Behind a mirror: --build-arg BASE=… names the base image, PIP_INDEX_URL is pip's own setting.
ARG BASE=debian:12-slim
FROM ${BASE}

RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv libzbar0 mosquitto fonts-wqy-microhei \
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
EXPOSE 8443
HEALTHCHECK --interval=30s --timeout=5s --retries=3 \
    CMD ["python3", "-c", "import ssl,urllib.request as u; u.urlopen('https://127.0.0.1:8443/healthz', timeout=4, context=ssl._create_unverified_context())"]
ENTRYPOINT ["equalgate"]
CMD ["controller", "serve"]
