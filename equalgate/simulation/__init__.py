"""Run gates, broker and controller of one compound in simulated time, with faults, from a seed."""
