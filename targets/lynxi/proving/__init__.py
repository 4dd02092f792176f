"""The steps that the nodes of a reduced module compute, as circuits."""
