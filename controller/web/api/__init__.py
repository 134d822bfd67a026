"""Serve the JSON API: OpenAPI under /api/v1."""
