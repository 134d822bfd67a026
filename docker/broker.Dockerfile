# The broker of a compound: mosquitto and nothing of ours. Configuration, table of rights and
# certificates come from the folder that `equalgate controller provision sign` keeps.
ARG BASE=debian:12-slim
FROM ${BASE}

RUN apt-get update \
    && apt-get install -y --no-install-recommends mosquitto \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 990 --home-dir /var/lib/equalgate --create-home equalgate

USER equalgate
EXPOSE 8883
STOPSIGNAL SIGTERM
ENTRYPOINT ["mosquitto"]
CMD ["-c", "/etc/equalgate/broker/mosquitto.conf"]
