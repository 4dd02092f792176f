"""The steps that the text of the functions computes, as circuits."""
