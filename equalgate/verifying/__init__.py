"""Check an evidence bundle offline: the body of `equalgate verify` and of the single-file verifier.

Only the standard library and `cryptography` are used, and no module of the product that writes
bundles but the layout and the counting: a second implementation finds what the first takes for
granted.
"""
