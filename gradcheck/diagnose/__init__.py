"""From comparisons to words: verdicts, and the line where a gradient first departs from the truth."""
