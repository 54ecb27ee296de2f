"""What the jobs train on: rated sentences or film reviews, as padded sequences of numbers."""
