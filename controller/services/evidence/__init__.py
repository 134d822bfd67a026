"""Make the evidence bundle that an inspector takes away and checks offline (DESIGN §10)."""

from controller.services.evidence.bundle import Bundle, Period, make_bundle

__all__ = ["Bundle", "Period", "make_bundle"]
