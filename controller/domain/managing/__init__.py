"""Judge what managers set: plans of access points, endings that need two people, changes."""
