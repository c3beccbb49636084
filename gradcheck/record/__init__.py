"""Running the user's script so that each operation passes a tap: sources, rewriting, taps, loading."""
