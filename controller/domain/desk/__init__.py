"""Say what the compliance desk keeps: forms as data, working days, the clock of the filing."""
