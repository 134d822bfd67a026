"""Everything that the gate unit and the controller share."""
