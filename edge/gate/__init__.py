"""Run one gate unit: loop, outbox, document sync, commands, health."""
