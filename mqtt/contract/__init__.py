"""Define documents, topics, reason codes, signatures and hashes; pure."""
