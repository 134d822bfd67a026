"""Serve the property office's counter, the desk twin of everything that residents do on a page."""
