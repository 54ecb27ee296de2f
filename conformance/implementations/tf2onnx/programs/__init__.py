"""The code that converts Keras layers and runs them in LiteRT, without a line of this project."""
