"""Serve inspectors' pages."""
