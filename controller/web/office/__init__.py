"""Serve managers' pages of the move from an old system, the compliance and legal desk, keeping."""
