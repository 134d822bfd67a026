"""Let staff prove who they are: invitation, password with one-time code, passkey."""
