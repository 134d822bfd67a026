"""Serve the guards' pages and the desk."""
