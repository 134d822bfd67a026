"""Serve pages to residents, guards, managers and inspectors."""
