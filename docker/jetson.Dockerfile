# The face and QR workers on a Jetson. The daemon that opens the door does not belong in a container:
# it needs its lines at once after a power cut (firmware-config/systemd).
#   docker build -f docker/jetson.Dockerfile --build-arg BASE=<a JetPack image with TensorRT> .
#   docker run --runtime nvidia --network none --read-only --tmpfs /tmp \
#     --device /dev/video2 -v /run/equalgate:/run/equalgate -v /tmp/argus_socket:/tmp/argus_socket \
#     -v equalgate-face:/var/lib/equalgate-face IMAGE -m edge.workers.face --socket …
# No container is privileged: each device is named. The base brings cv2, TensorRT and CUDA; what it
# cannot bring for Python 3.10 comes from hashed pins. Not built here: no such board was at hand.
ARG BASE=l4t-jetpack:r36.4.0
FROM ${BASE}

RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-pip libzbar0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 991 --groups video --home-dir /var/lib/equalgate-face --create-home equalgate

WORKDIR /opt/equalgate
COPY requirements/jetpack6-workers.txt requirements/jetpack6-face.txt requirements/
RUN pip3 install --no-cache-dir --require-hashes -r requirements/jetpack6-workers.txt \
    && pip3 install --no-cache-dir --require-hashes -r requirements/jetpack6-face.txt
COPY LICENSE ./
COPY edge/__init__.py edge/__init__.py
COPY edge/worker_wire edge/worker_wire
COPY edge/workers edge/workers

ENV PYTHONPATH=/opt/equalgate
USER equalgate
ENTRYPOINT ["python3"]
CMD ["-m", "edge.workers.qr", "--help"]
