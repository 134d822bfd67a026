"""Take signed events from the gates into the database."""
