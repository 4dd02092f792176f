"""The steps that the nodes of a file compute, as circuits."""
