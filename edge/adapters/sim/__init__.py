"""Simulate gate hardware; product code for demo, training and tests."""
