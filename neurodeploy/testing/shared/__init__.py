"""The conformance kit without pytest: its programs dealt to workers."""
