"""What a training step is: its parameters, its loss, the gradients the script computed."""
