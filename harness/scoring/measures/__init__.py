"""The metrics, by what they are about; the docstring of each is its definition, and docs/metrics.md is made of them."""
