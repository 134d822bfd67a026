"""Hold scripts for people who develop EqualGate; nothing here is installed."""
