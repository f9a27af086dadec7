### People, groups, properties, keys, signing in.
