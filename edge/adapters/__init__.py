"""Connect the gate to readers, relays, storage and clocks."""
