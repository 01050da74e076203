"""Pipelines drawn: as text, Mermaid, DOT, and as a picture; with what an execution has done."""
