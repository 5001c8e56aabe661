"""What gmsd does, as tasks for processes of their own: these modules import gmsd and nothing of its peers."""
