"""A whole compound on one machine: broker, controller and two gates, to look at or to prove."""

from equalgate.demo.command import main

__all__ = ["main"]
