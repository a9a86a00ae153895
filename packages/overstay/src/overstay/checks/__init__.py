"""Project checks: what can be said about a project without a server of ours, item by item of the checklist."""
