"""Task definitions: the JSON that RegisterTaskDefinition takes, and what of it counts here."""
