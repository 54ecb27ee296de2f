"""The code that calls PaddlePaddle, without a line of this project."""
