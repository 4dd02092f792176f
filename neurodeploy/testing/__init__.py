"""The conformance kit: `pytest --pyargs neurodeploy.testing --target NAME`, or a test class.

Nothing is imported here, so that pytest's start stays quick where the kit is not used.
"""
