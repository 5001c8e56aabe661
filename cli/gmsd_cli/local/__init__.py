"""A whole gmsd on one machine: Kafka from its published jars, and the services under a supervisor."""
