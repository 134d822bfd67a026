"""Carry out use cases of residents, managers and inspectors."""
