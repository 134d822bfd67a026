"""Hold the camera processes; each knows only edge.worker_wire."""
