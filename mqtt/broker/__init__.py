"""Generate, start and guard the mosquitto configuration."""
