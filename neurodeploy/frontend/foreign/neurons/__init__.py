"""The neurons of other frameworks, one file a framework."""
