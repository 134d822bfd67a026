"""Gate unit: the daemon that opens the door, and its workers."""
