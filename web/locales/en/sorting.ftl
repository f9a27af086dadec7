### Folders, labels, assignees, triage rules.
