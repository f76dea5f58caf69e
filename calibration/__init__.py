"""Where a skill succeeds, and making it succeed elsewhere."""
