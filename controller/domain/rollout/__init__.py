"""What a roll-out may change, and when it goes on, waits or goes back. Pure."""
