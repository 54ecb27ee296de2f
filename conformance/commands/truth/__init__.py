"""Commands about the certified corpus, and how far everyone lies from it."""
