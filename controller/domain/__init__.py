"""Decide the controller's rules; pure."""
