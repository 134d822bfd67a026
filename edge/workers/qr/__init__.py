"""Read QR codes from cameras and code engines in a process of its own."""
