"""What was seen of a traffic shift: figures over time, as a chart and as a page."""
