"""Run the compliance desk and the legal desk."""
