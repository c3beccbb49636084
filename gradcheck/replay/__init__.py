"""Making the values of a tape again: forward at any parameter values, and in reverse for the true adjoints."""
