"""Images: what stands in here for those that exist only in the cloud."""
