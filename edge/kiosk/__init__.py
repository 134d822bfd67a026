"""Draw the screens of a gate in a process of its own: a page on loopback, and spoken prompts.

It reads the files that the daemon leaves in memory and can ask for two things only, a call and a
no. Whatever happens to it, the door goes on.
"""
