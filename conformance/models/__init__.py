"""Whole models: trained step by step beside the oracle, and the jobs that recurrent layers are used for."""
