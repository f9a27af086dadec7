### The archive: search, filters, the list.
