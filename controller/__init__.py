"""Compound controller: residents, access rules, pages and records."""
