"""Serve how staff get in: invitation, one-time codes, passkeys, the own account."""
