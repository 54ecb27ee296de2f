"""Campaigns: long work cut into chunks, each done once, by Dask's workers here or on a cluster.

`chunks` has the nouns, `environment` what a chunk's numbers depend on, `store` the results, `engine` Dask, `report`
what is done, `plan` what a large campaign costs. What the work is, `conformance.power.campaigns` says.
"""
