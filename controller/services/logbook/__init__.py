"""Keep the logs that cannot be quietly changed: the controller's own, and the gates' witnessed."""
