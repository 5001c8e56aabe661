"""The main job: a nation delivered, linked, counted and published on this machine."""
