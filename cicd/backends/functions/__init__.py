"""Functions run here: a process for each warm instance, and the runtimes inside."""
