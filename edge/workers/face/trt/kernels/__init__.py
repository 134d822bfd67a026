"""Hold the CUDA sources; they are compiled on the unit that runs them."""
