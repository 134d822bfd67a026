# The whole demo in one container, set up by the same ./gate as on a machine.
ARG BASE=debian:12-slim
FROM ${BASE}

RUN useradd --create-home equalgate
WORKDIR /opt/equalgate
COPY . .
RUN ./gate exec true && chown -R equalgate .equalgate

USER equalgate
ENTRYPOINT ["./gate"]
CMD ["demo"]
