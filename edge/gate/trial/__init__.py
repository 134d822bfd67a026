"""Try a configuration, watch the gate under it, and go back by itself."""
