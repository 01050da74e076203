"""A small shop: a catalogue, prices, and a page that shows both."""
