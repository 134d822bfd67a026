"""Serve the lodge: shifts, calls to flats, a lost fob at midnight, slips, holds with two people."""
