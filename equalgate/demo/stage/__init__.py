"""The demo's first screen: a gate to play with, what happened, is face optional, the inspector."""
