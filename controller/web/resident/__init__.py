"""Serve residents' pages."""
