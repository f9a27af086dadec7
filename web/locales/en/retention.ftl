### Retention and legal holds.
