"""The servers that `make run` and the tests bring along: PostgreSQL and SeaweedFS."""
