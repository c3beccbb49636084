"""Edits of the user's source: made from its syntax tree, put into its text. What they do is for others to try."""
