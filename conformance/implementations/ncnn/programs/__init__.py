"""The code that calls ncnn, without a line of this project."""
