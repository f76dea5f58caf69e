"""The bridge to a robot."""
