"""The checks that pytest runs against an implementation; `conformance.conftest` says how."""
