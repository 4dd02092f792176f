"""The network in the words that the vendor's compiler takes."""
