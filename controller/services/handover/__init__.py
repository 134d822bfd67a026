"""Hand a compound over to another property company, with or without the former one."""
