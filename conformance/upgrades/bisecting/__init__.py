"""The release where an answer changed: what is asked (`questions`), in which order (`search`), and where (`worker`)."""
