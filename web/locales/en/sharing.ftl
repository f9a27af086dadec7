### Links to people outside and inside, and their log.
