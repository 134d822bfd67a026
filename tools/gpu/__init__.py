"""Check the GPU path on a real NVIDIA machine, part by part."""
