"""Serve the managers' pages."""
