"""A TCP relay that tests can cut or freeze: the cable between a client and its broker."""

import contextlib
import socket
import threading

__all__ = ["TcpProxy"]

_LOOK_S = 0.05


class TcpProxy:
    """Relay 127.0.0.1:`port` to `upstream_port`; freezing keeps connections open and silent."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_LOOK_S)
        self.port: int = self._listener.getsockname()[1]
        self._is_open = True
        self._is_cut = False
        self._is_frozen = False
        self._pairs: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def cut(self) -> None:
        """End all connections and accept none."""
        self._is_cut = True
        self._hang_up()

    def mend(self) -> None:
        """Relay again; what was frozen ends."""
        if self._is_frozen:
            self._hang_up()
        self._is_cut = False
        self._is_frozen = False

    def freeze(self) -> None:
        """Swallow what comes from now on, the end of a connection too; nobody is told."""
        self._is_frozen = True
        self._is_cut = True

    def close(self) -> None:
        """End everything and wait for it."""
        self._is_open = False
        self._is_frozen = False
        self._hang_up()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _run(self, target: object, *arguments: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _hang_up(self) -> None:
        for side in self._pairs:
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while self._is_open:
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            if self._is_cut:
                client.close()
                continue
            try:
                upstream = socket.create_connection(("127.0.0.1", self._upstream_port), 1.0)
            except OSError:
                client.close()
                continue
            for side in (client, upstream):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                side.settimeout(None)
            self._pairs += [client, upstream]
            self._run(self._relay, client, upstream)

    def _relay(self, client: socket.socket, upstream: socket.socket) -> None:
        back = threading.Thread(target=self._copy, args=(upstream, client), daemon=True)
        back.start()
        self._copy(client, upstream)
        back.join()
        client.close()
        upstream.close()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                if not self._is_frozen:
                    target.sendall(chunk)
        if self._is_frozen:
            return
        for side in (source, target):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
