"""Build the controller's processes from settings: the only place where real things are chosen."""
