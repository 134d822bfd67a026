"""Sheets that are printed once a year, for owners and for those who review."""
