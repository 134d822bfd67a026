"""Serve managers: plans with history, the register of all points, people, requests, figures."""
