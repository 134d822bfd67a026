"""Serve pages that anybody may read."""
