"""Run networks on an NVIDIA GPU: TensorRT 10.3 to 11 and pycuda, both only where they are there.

Nothing here is imported unless TensorRT is chosen. ``api`` alone knows TensorRT's module and
``driver_pycuda`` alone knows pycuda; everything else works with their ports, and with the fakes
beside them.
"""
