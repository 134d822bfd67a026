"""Serve the property office's counter: households in one visit, fobs by a tap, batches."""
