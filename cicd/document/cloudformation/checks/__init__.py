"""What can be said of a template: its shape, its properties, references and functions."""
