"""Top layer: command line, demo, simulator, benchmarks and checks."""
