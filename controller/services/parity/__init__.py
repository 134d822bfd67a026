"""Measure how the ways in serve people, side by side (rules EQ-01 to EQ-03, EQ-15)."""
