"""The cases of the corpus, one file a group of families."""
