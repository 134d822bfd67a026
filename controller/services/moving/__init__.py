"""Move a compound from an old system: its fobs, its gates one by one, its old terminals."""
