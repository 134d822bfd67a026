"""Tests of EqualGate."""
