"""Speak MQTT 5: broker port, sessions, TLS and the compound CA."""
