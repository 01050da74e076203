"""Looking into a build while it waits: where it pauses, how it is entered, how it goes on."""
