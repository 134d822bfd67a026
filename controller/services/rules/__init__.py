"""Evaluate the rule catalogue against what the compound and its gates recorded."""
