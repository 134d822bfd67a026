"""Decide who may enter: pure rules without I/O, clock or threads."""
